/* Handles are freed in any order, texts fit or say what they need, and changed weights reach only what is made afterwards. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 2, STEPS = 6, FEATURES = 4, UNITS = 8, KERNEL = FEATURES * 4 * UNITS }; /* lstm_basic */
static float x[BATCH * STEPS * FEATURES];

struct family {
  lstm_model *model;
  lstm_session *session;
  lstm_stream *stream, *copy;
  lstm_trace *trace;
};

static struct family make_family(void) {
  struct family f;
  lstm_array in = float_array(x, 3, BATCH, STEPS, FEATURES);
  const lstm_array *inputs[] = {&in};
  f.model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  WORKS(lstm_session_create(f.model, NULL, &f.session));
  WORKS(lstm_stream_create(f.model, NULL, &f.stream));
  WORKS(lstm_stream_copy(f.stream, &f.copy));
  WORKS(lstm_trace_create(f.session, "lstm", inputs, 1, &f.trace));
  return f;
}

/* Uses whatever of the family is still there. */
static int lives(const struct family *f) {
  float y[BATCH * UNITS];
  lstm_model_info info;
  size_t count;
  int all = 1;
  lstm_model_info_init(&info);
  if (f->model) all &= lstm_model_get_info(f->model, &info) == LSTM_OK && info.weight_count == 3;
  if (f->session) all &= lstm_session_predict_float(f->session, x, BATCH, STEPS, y, BATCH * UNITS) == LSTM_OK;
  if (f->stream) all &= lstm_stream_step(f->stream, x, FEATURES, y, UNITS) == LSTM_OK;
  if (f->copy) all &= lstm_stream_step(f->copy, x, FEATURES, y, UNITS) == LSTM_OK;
  if (f->trace) all &= lstm_trace_get_count(f->trace, &count) == LSTM_OK && count == 6;
  return all;
}

static void free_in_any_order(void) {
  for (int first = 0; first < 5; first++)
    for (int stride = 1; stride < 5; stride++) { /* 5 is prime: every stride visits all */
      struct family f = make_family();
      int right = lives(&f);
      for (int i = 0, which = first; i < 5; i++, which = (which + stride) % 5) {
        if (which == 0) lstm_model_free(f.model), f.model = NULL;
        if (which == 1) lstm_session_free(f.session), f.session = NULL;
        if (which == 2) lstm_stream_free(f.stream), f.stream = NULL;
        if (which == 3) lstm_stream_free(f.copy), f.copy = NULL;
        if (which == 4) lstm_trace_free(f.trace), f.trace = NULL;
        right &= lives(&f);
      }
      CHECK(right);
    }
}

/* A text function, so that both keep the same buffer rules. */
typedef lstm_status text_function(char *text, size_t size, size_t *needed);
static lstm_model *model;
static lstm_status summary(char *text, size_t size, size_t *needed) { return lstm_model_summary(model, text, size, needed); }
static lstm_status report(char *text, size_t size, size_t *needed) {
  int32_t loads = -1;
  lstm_status status = lstm_check_file(fixture("lstm_basic/lstm_basic.k3.h5"), text, size, needed, &loads);
  CHECK(loads == 1);
  return status;
}

static void texts(text_function *function) {
  size_t needed = 0, again = 0;
  CHECK(function(NULL, 0, &needed) == LSTM_ERROR_BUFFER && *lstm_last_error());
  CHECK(needed > 10 && needed < 100000);
  char *whole = malloc(needed + 8), *part = malloc(needed + 8);
  memset(whole, 'x', needed + 8);
  WORKS(function(whole, needed, &again));
  CHECK(again == needed && strlen(whole) == needed - 1 && whole[needed] == 'x');
  CHECK(strstr(whole, "lstm") != NULL);
  const size_t sizes[] = {1, 2, 10, needed - 1};
  for (size_t i = 0; i < 4; i++) {
    memset(part, 'x', needed + 8);
    CHECK(function(part, sizes[i], &again) == LSTM_ERROR_BUFFER && *lstm_last_error());
    CHECK(again == needed);
    CHECK(strlen(part) < sizes[i] && part[sizes[i]] == 'x'); /* shortened, closed, and nothing behind it */
    CHECK(strncmp(part, whole, strlen(part)) == 0);
  }
  WORKS(function(whole, needed + 8, NULL));
  CHECK(function(part, 1, NULL) == LSTM_ERROR_BUFFER);
  free(whole);
  free(part);
}

static void a_damaged_file_is_a_finding(void) {
  char text[512];
  int32_t loads = -1;
  WORKS(lstm_check_file(__FILE__, text, sizeof text, NULL, &loads));
  CHECK(loads == 0 && strlen(text) > 10);
}

static void weights_change_for_those_made_later(void) {
  float kernel[KERNEL], zero[KERNEL] = {0}, old[UNITS], now[UNITS], later[UNITS];
  lstm_session *before, *after;
  size_t index = 99;
  WORKS(lstm_model_find_weight(model, "lstm/kernel", &index));
  WORKS(lstm_session_create(model, NULL, &before));
  WORKS(lstm_session_predict_float(before, x, 1, STEPS, old, UNITS));
  WORKS(lstm_model_get_weight(model, index, LSTM_FLOAT32, kernel, KERNEL));
  WORKS(lstm_model_set_weight(model, index, LSTM_FLOAT32, zero, KERNEL));
  WORKS(lstm_session_create(model, NULL, &after));
  WORKS(lstm_session_predict_float(before, x, 1, STEPS, now, UNITS));
  WORKS(lstm_session_predict_float(after, x, 1, STEPS, later, UNITS));
  CHECK(memcmp(old, now, sizeof old) == 0);
  CHECK(memcmp(old, later, sizeof old) != 0);
  lstm_session_free(after);
  WORKS(lstm_model_load_weights(model, fixture("lstm_basic/lstm_basic.k3.h5"), NULL));
  WORKS(lstm_session_create(model, NULL, &after));
  WORKS(lstm_session_predict_float(after, x, 1, STEPS, later, UNITS));
  CHECK(memcmp(old, later, sizeof old) == 0);
  lstm_session_free(after);
  lstm_session_free(before);
}

static void an_error_does_not_outlive_the_next_success(void) {
  size_t index;
  CHECK(lstm_model_find_weight(model, "no/such", &index) == LSTM_ERROR_ARGUMENT);
  CHECK(*lstm_last_error() != 0);
  CHECK(*lstm_last_error() != 0); /* reading it does not clear it */
  WORKS(lstm_model_find_weight(model, "lstm/kernel", &index));
  CHECK(*lstm_last_error() == 0);
}

int main(void) {
  begin("lifetimes");
  fill_floats(x, sizeof x / sizeof *x, 1);
  free_in_any_order();
  model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  texts(summary);
  texts(report);
  a_damaged_file_is_a_finding();
  weights_change_for_those_made_later();
  an_error_does_not_outlive_the_next_success();
  lstm_model_free(model);
  return finish();
}
