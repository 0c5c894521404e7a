#include "text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static void side_add(struct text_side *side, const char *format, va_list arguments)
{
    int size = vsnprintf(side->at, (size_t)(side->end - side->at), format, arguments);

    assert(size >= 0 && size < side->end - side->at);
    side->at += size;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    side_add(&text->ssql, format, arguments);
    va_end(arguments);
    va_start(arguments, format);
    side_add(&text->sqlite, format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 2, 3))) static void add_to(struct text_side *side, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    side_add(side, format, arguments);
    va_end(arguments);
}

void text_add_apart(struct text *text, const char *ssql, const char *sqlite)
{
    add_to(&text->ssql, "%s", ssql);
    add_to(&text->sqlite, "%s", sqlite);
}
