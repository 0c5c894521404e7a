/* expression_program.h - inside expressions: the program that expression_compile.c makes and expression.c runs. */
#ifndef SSQL_EXEC_EXPRESSION_PROGRAM_H
#define SSQL_EXEC_EXPRESSION_PROGRAM_H

#include "exec/expression.h"
#include "exec/kernel.h"

enum slot_kind { SLOT_COLUMN, SLOT_CONSTANT, SLOT_PARAMETER, SLOT_TEMPORARY };

/* A vector of the program: an input, or what a step computes. */
struct slot {
    struct vector vector;
    enum slot_kind kind;
    uint32_t source;       /* column or parameter */
    enum ssql_type type;   /* of an input */
    struct value constant; /* item of a constant or parameter: `vector` points here */
    uint8_t constant_boolean;
    uint8_t constant_null;
    void *items; /* of a temporary: capacity items of the widest type that it ever held */
    uint8_t *nulls;
    uint32_t item_capacity; /* rows */
    uint32_t item_size;     /* bytes */
};

enum step_kind {
    STEP_CALL,        /* result = kernel(arguments) for the selection */
    STEP_DECIDE,      /* result = result and/or argument; rest = rows still undecided */
    STEP_CHOOSE,      /* chosen = rows where the argument is true; rest = the others */
    STEP_SELECT_NULL, /* rest = rows where the argument is null */
    STEP_COPY,        /* result = argument for the selection */
};

struct step {
    enum step_kind kind;
    bool is_or, is_first;  /* STEP_DECIDE */
    uint32_t selection;    /* the rows that it works on; 0: the batch's */
    uint32_t chosen, rest; /* selections that it makes */
    uint32_t result;       /* slot */
    uint32_t argument_count;
    uint32_t *arguments; /* slots */
    struct kernel kernel;
    enum ssql_type type;     /* of the result */
    struct in_list *in_list; /* of BOUND_IN, with the expression that its constants come from */
    const struct bound_expr *in_source;
    struct ssql_span span;
};

/* A selection that a step makes. */
struct selection_slot {
    struct selection selection;
    uint16_t *rows; /* BATCH_CAPACITY, taken at first use */
    uint32_t capacity;
};

struct expression {
    struct expression *next; /* of the environment */
    struct expression_environment *environment;
    uint64_t run; /* for which parameters were read; 0: none yet */
    bool has_parameters;
    uint32_t slot_count, step_count, selection_count, output_count;
    uint32_t slot_capacity, step_capacity, selection_capacity;
    struct slot *slots;
    struct step *steps;
    struct selection_slot *selections; /* 0 stands for the batch's own */
    uint32_t *outputs;
    struct vector *scratch; /* arguments of the call at hand; argument_most of them */
    uint32_t argument_most;
    uint16_t *used_codes;     /* BATCH_CAPACITY, taken at first use */
    struct slot code_results; /* results per dictionary entry */
    struct string_heap heap;
};

#endif
