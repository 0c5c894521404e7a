#include "exec/scan_reader.h"

#include <assert.h>

bool scan_reader_create(struct scan_reader *reader, struct expression_environment *environment,
                        const struct plan_node *node, struct ssql_error *error)
{
    *reader = (struct scan_reader){0};
    return node->scan.filter == NULL ||
           expression_filter_create(environment, node->scan.filter, &reader->filter, error);
}

void scan_reader_start(struct scan_reader *reader, struct cancellation *cancellation)
{
    reader->cancellation = cancellation;
    reader->statistics = (struct scan_statistics){0};
    reader->selected_rows = 0;
}

static struct scan_request own_request(struct scan_reader *reader, const struct scan_request *request)
{
    struct scan_request own = *request;

    own.filter = reader->filter == NULL ? NULL : expression_filter_as_scan_filter(reader->filter);
    own.cancellation = reader->cancellation;
    own.spare = reader->spare;
    reader->spare = NULL;
    return own;
}

bool scan_reader_open(struct scan_reader *reader, struct transaction *transaction, struct table *table,
                      const struct scan_request *request, struct ssql_error *error)
{
    const struct scan_request own = own_request(reader, request);

    return scan_open(transaction, table, &own, &reader->scan, error);
}

bool scan_reader_open_morsels(struct scan_reader *reader, const struct scan_morsels *morsels, uint32_t begin,
                              uint32_t end, const struct scan_request *request, struct ssql_error *error)
{
    const struct scan_request own = own_request(reader, request);

    return scan_open_morsels(morsels, begin, end, &own, &reader->scan, error);
}

bool scan_reader_next(struct scan_reader *reader, struct batch *batch, struct ssql_error *error)
{
    *batch = (struct batch){0};
    assert(reader->scan != NULL);
    do {
        if (!cancellation_check(reader->cancellation, error) || !scan_next(reader->scan, batch, error))
            return false;
        if (batch->row_count == 0)
            return true;
        if (reader->filter != NULL && !expression_filter_apply_rest(reader->filter, batch, error))
            return false;
    } while (batch->selected_count == 0);
    reader->selected_rows += batch->selected_count;
    return true;
}

void scan_reader_close(struct scan_reader *reader)
{
    struct scan_statistics statistics;

    if (reader->scan == NULL)
        return;
    scan_read_statistics(reader->scan, &statistics);
    scan_statistics_add(&reader->statistics, &statistics);
    reader->spare = scan_rest(reader->scan);
    reader->scan = NULL;
}

void scan_reader_clear(struct scan_reader *reader)
{
    scan_reader_close(reader);
    scan_close(reader->spare);
    reader->spare = NULL;
}

void scan_statistics_add(struct scan_statistics *sum, const struct scan_statistics *added)
{
    sum->blocks_read += added->blocks_read;
    sum->blocks_cached += added->blocks_cached;
    sum->blocks_skipped += added->blocks_skipped;
    sum->rows_read += added->rows_read;
    sum->rows_skipped += added->rows_skipped;
}
