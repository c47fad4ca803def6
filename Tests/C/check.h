/*
 * check.h: what a test program needs. CHECK(condition) counts; finish() prints "N passed, N failed" and gives main's result. A signal is
 * reported with the line that was being checked, then the program dies of it.
 */
#ifndef CHECK_H
#define CHECK_H

#include <lstm.h>
#include <stdio.h>

/** Counts one condition and prints it where it is false. Returns it. */
int check_that(int holds, const char *words, const char *file, int line);

/** Checks that a call was refused: the status, a sentence, and that nothing in `out` (below) was written. */
int check_refused(lstm_status found, lstm_status wanted, const char *words, const char *file, int line);

/** Checks that a call may say yes or no, but says it properly: LSTM_OK and no sentence, or an error and a sentence. */
int check_answers(lstm_status found, const char *words, const char *file, int line);

/** Remembers what is about to be checked, for the report of a signal. */
void check_at(const char *words, const char *file, int line);

#define CHECK(condition) \
  (check_at(#condition, __FILE__, __LINE__), check_that((condition) != 0, #condition, __FILE__, __LINE__))
#define WORKS(call) \
  (check_at(#call, __FILE__, __LINE__), check_that((call) == LSTM_OK, #call, __FILE__, __LINE__))
#define REFUSED(status, call) \
  (check_at(#call, __FILE__, __LINE__), fill_out(), check_refused((call), (status), #call, __FILE__, __LINE__))
#define ANSWERS(call) (check_at(#call, __FILE__, __LINE__), fill_out(), check_answers((call), #call, __FILE__, __LINE__))

/** Everything that the refused calls are given to write to. fill_out() fills it with a pattern, check_refused() looks for it. */
extern struct out {
  lstm_model *model;
  lstm_session *session;
  lstm_stream *stream;
  lstm_trace *trace;
  size_t size, other_size;
  int32_t flag;
  char text[64];
  float floats[512];
  double doubles[512];
  lstm_array array;
  lstm_model_info model_info;
  lstm_tensor_info tensor_info;
  lstm_layer_info layer_info;
  lstm_weight_info weight_info;
  lstm_state_info state_info;
  lstm_series_info series_info;
} out;
void fill_out(void);

/** Installs the signal report and names the program. */
void begin(const char *name);

/** Prints the tally; 0 if all held. */
int finish(void);

/** The path of a fixture below Tests/Fixtures/keras; the folder comes from the environment variable FIXTURES. In static memory. */
const char *fixture(const char *name);

/** Loads a fixture or ends the program. */
lstm_model *load_fixture(const char *name);

/** A float array over memory of the caller's. */
lstm_array float_array(float *data, int32_t rank, int64_t a, int64_t b, int64_t c);

/** Numbers that look random, the same every time, in −1 … 1. */
void fill_floats(float *values, size_t count, unsigned seed);

/** Threads in this process, from /proc; −1 if they cannot be counted. */
int thread_count(void);

#endif
