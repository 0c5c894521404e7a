/* number_text.h - numbers in text: read exactly, and what form they have. None of it minds the host program's locale.
 */
#ifndef SSQL_FORMAT_NUMBER_TEXT_H
#define SSQL_FORMAT_NUMBER_TEXT_H

#include "base/slice.h"

enum number_outcome {
    NUMBER_READ,
    NUMBER_WRONG,     /* the text is no such number */
    NUMBER_TOO_LARGE, /* it is one, but too large for the type */
    NUMBER_NO_MEMORY
};

/* [+-] digits, nothing around them. */
enum number_outcome number_read_int(struct slice text, int64_t *integer);

/* [+-] digits [. digits] [e [+-] digits], with a digit before the e: the nearest double. */
enum number_outcome number_read_float(struct slice text, double *real);

/* What a text looks like that has the form of a JSON number: -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
enum number_form { NUMBER_FORM_NONE, NUMBER_FORM_INT, NUMBER_FORM_FLOAT };
enum number_form number_form(struct slice text);

/* Whether a text of such a form, written back as the double nearest to it, is the same number again: it has at most 17
 * significant digits, and that many digits of the double are they. */
bool number_survives_as_float(struct slice text);

/* Writes the decimal digits of an int, at most INT_TEXT_SIZE bytes; returns how many. */
enum { INT_TEXT_SIZE = 20 };
size_t number_format_int(int64_t integer, uint8_t *text);

#endif
