/* parts.h - the groups of tests of the runner's parts. Each returns how many failed. */
#ifndef RUNNER_PARTS_H
#define RUNNER_PARTS_H

int run_weather_tests(void);
int run_answer_tests(void);
int run_text_tests(void);
int run_file_tests(void);
int run_result_tests(void);

#endif
