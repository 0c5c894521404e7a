/* Bound expressions that are made, compared and rewritten. */
#include "plan/bound_make.h"
#include "fixture.h"

static struct arena arena;

static int open_arena(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static struct bound_expr *column(uint32_t number)
{
    return bound_make_column(&arena, number, SSQL_TYPE_INT, true, NO_SPAN);
}

/* Parts are shared, so that a few nodes stand for very many. */
static void the_number_of_nodes_ends_at_the_greatest(void **state)
{
    struct bound_expr *expr = column(0);

    (void)state;
    for (int i = 0; i < 31; i++)
        expr = bound_make_binary(&arena, FUNCTION_ADD, SSQL_TYPE_INT, expr, expr, NO_SPAN);
    assert_int_equal(expr->node_count, UINT32_MAX);
    for (int i = 0; i < 10; i++)
        expr = bound_make_binary(&arena, FUNCTION_ADD, SSQL_TYPE_INT, expr, expr, NO_SPAN);
    assert_int_equal(expr->node_count, UINT32_MAX);
    assert_true(expr->can_fail);
}

static void expressions_of_the_same_shape_are_told_apart(void **state)
{
    struct bound_expr *sum = bound_make_binary(&arena, FUNCTION_ADD, SSQL_TYPE_INT, column(0), column(1), NO_SPAN);
    struct bound_expr *same = bound_make_binary(&arena, FUNCTION_ADD, SSQL_TYPE_INT, column(0), column(1), NO_SPAN);
    struct bound_expr *product =
        bound_make_binary(&arena, FUNCTION_MULTIPLY, SSQL_TYPE_INT, column(0), column(1), NO_SPAN);
    struct bound_expr *other = bound_make_binary(&arena, FUNCTION_ADD, SSQL_TYPE_INT, column(0), column(2), NO_SPAN);
    struct bound_expr *first = bound_make_parameter(&arena, 0, SSQL_TYPE_INT, NO_SPAN);
    struct bound_expr *second = bound_make_parameter(&arena, 1, SSQL_TYPE_INT, NO_SPAN);
    struct bound_expr *sum_as_string = bound_make_cast(&arena, sum, SSQL_TYPE_STRING, NO_SPAN);
    struct bound_expr *sum_as_float = bound_make_cast(&arena, sum, SSQL_TYPE_FLOAT, NO_SPAN);

    (void)state;
    assert_true(bound_equal(sum, same));
    assert_true(bound_equal(first, bound_make_parameter(&arena, 0, SSQL_TYPE_INT, NO_SPAN)));
    assert_true(bound_equal(sum_as_string, bound_make_cast(&arena, same, SSQL_TYPE_STRING, NO_SPAN)));
    assert_false(bound_equal(sum, product));
    assert_false(bound_equal(sum, other));
    assert_false(bound_equal(sum, bound_make_binary(&arena, FUNCTION_ADD, SSQL_TYPE_INT, column(0), sum, NO_SPAN)));
    assert_false(bound_equal(first, second));
    assert_false(bound_equal(first, column(0)));
    assert_false(bound_equal(sum_as_string, sum_as_float));
    assert_true(bound_equal(NULL, NULL));
    assert_false(bound_equal(sum, NULL));
    assert_false(bound_equal(NULL, sum));
}

static void columns_are_moved_wherever_they_stand(void **state)
{
    const uint32_t positions[] = {5, 3};
    struct bound_expr *constant = bound_make_constant(&arena, value_int(1), NO_SPAN);
    struct bound_expr *sum = bound_make_binary(&arena, FUNCTION_ADD, SSQL_TYPE_INT, column(1), constant, NO_SPAN);
    struct bound_expr *moved = bound_move_columns(&arena, sum, positions);

    (void)state;
    assert_int_equal(moved->arguments[0]->column, 3);
    assert_ptr_equal(moved->arguments[1], constant);
    assert_int_equal(sum->arguments[0]->column, 1);
    assert_int_equal(bound_move_columns(&arena, column(0), positions)->column, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_number_of_nodes_ends_at_the_greatest, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(expressions_of_the_same_shape_are_told_apart, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(columns_are_moved_wherever_they_stand, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
