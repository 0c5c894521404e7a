#include "sql_text.h"

const char *const sql_texts[STATEMENTS] = {
    [BEGIN] = "begin",
    [COMMIT] = "commit",
    [INSERT] = "insert into events values (?1, ?2, ?3, ?4, ?5)",
    [UPDATE] = "update events set amount = ?2 where id = ?1",
    [DELETE] = "delete from events where id = ?1",
    [GET] = "select id, user, kind, amount, ok from events where id = ?1",
    [RANGE] = "select id, user, kind, amount, ok from events where id >= ?1 order by id limit ?2",
    [FILTER] = "select id, amount from events where kind = 'click' and amount > 900000",
    [GROUP_KIND] = "select kind, count(*), sum(amount) from events group by kind",
    [GROUP_USER] = "select user, count(*), sum(amount) from events group by user",
    [TOP] = "select id, amount from events order by amount, id limit 10",
    [SORT] = "select id, amount from events order by amount, id",
    [GROUP_MANY] = "select id % ?1, count(*), sum(amount) from events group by id % ?1",
};
