/* Where memory runs out, a call answers LSTM_ERROR_MEMORY, or does with less; it does not take the process with it. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BATCH = 200000, STEPS = 6, FEATURES = 4, UNITS = 8 }; /* lstm_basic; a trace of it has 230 MB */

/* Leaves the process so much more address space than it has now; 0 lifts the limit. */
static void leave_room(size_t megabytes) {
  struct rlimit limit;
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file) {
    if (fscanf(file, "%lu", &pages) != 1) pages = 0;
    fclose(file);
  }
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = megabytes ? pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)megabytes << 20) : limit.rlim_max;
  CHECK(pages > 0 && setrlimit(RLIMIT_AS, &limit) == 0);
}

int main(void) {
  begin("memory");
  float *x = calloc((size_t)BATCH * STEPS * FEATURES, sizeof *x), *y = calloc((size_t)BATCH * UNITS, sizeof *y);
  float before[UNITS], after[UNITS];
  lstm_model *model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  lstm_session *session;
  WORKS(lstm_session_create(model, NULL, &session));
  if (!x || !y) return 1;
  fill_floats(x, (size_t)BATCH * STEPS * FEATURES, 1);
  WORKS(lstm_session_predict_float(session, x, 1, STEPS, before, UNITS));
  lstm_array in = float_array(x, 3, BATCH, STEPS, FEATURES);
  const lstm_array *inputs[] = {&in};

  leave_room(16);
  REFUSED(LSTM_ERROR_MEMORY, lstm_trace_create(session, "lstm", inputs, 1, &out.trace));
  lstm_status status = lstm_session_predict_float(session, x, BATCH, STEPS, y, (size_t)BATCH * UNITS);
  CHECK(status == LSTM_OK || status == LSTM_ERROR_MEMORY);
  CHECK(status == LSTM_OK || y[0] == 0);
  WORKS(lstm_session_predict_float(session, x, 1, STEPS, after, UNITS)); /* what fits goes on */
  CHECK(memcmp(before, after, sizeof before) == 0);

  leave_room(0);
  WORKS(lstm_session_predict_float(session, x, BATCH, STEPS, y, (size_t)BATCH * UNITS));
  CHECK(memcmp(before, y, sizeof before) == 0);
  lstm_session_free(session);
  lstm_model_free(model);
  free(x);
  free(y);
  return finish();
}
