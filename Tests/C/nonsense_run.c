/* Every function of sessions and traces, given nonsense: it answers with a status and a sentence and writes nothing. */
#include "check.h"

#include <string.h>

enum { BATCH = 2, STEPS = 6, FEATURES = 4, UNITS = 8 }; /* lstm_basic */

static _Alignas(16) unsigned char garbage[512];
static lstm_model *model;
static lstm_session *session, *freed;
static float x[BATCH * STEPS * FEATURES], y[BATCH * UNITS];
static lstm_array in, result;
static const lstm_array *inputs[2], *outputs[2];
static lstm_array *fillable[2];

static void good_arrays(void) {
  in = float_array(x, 3, BATCH, STEPS, FEATURES);
  result = float_array(out.floats, 2, BATCH, UNITS, 0);
  inputs[0] = inputs[1] = &in;
  outputs[0] = outputs[1] = &result;
  fillable[0] = fillable[1] = &out.array;
}

static void wrong_handles(void) {
  const void *wrong[] = {freed, model, garbage};
  good_arrays();
  for (size_t i = 0; i < 4; i++) {
    lstm_session *s = i < 3 ? (lstm_session *)wrong[i] : NULL;
    lstm_status status = i < 3 ? LSTM_ERROR_HANDLE : LSTM_ERROR_ARGUMENT;
    REFUSED(status, lstm_session_output_shapes(s, inputs, 1, fillable, 1));
    REFUSED(status, lstm_session_predict(s, inputs, 1, outputs, 1));
    REFUSED(status, lstm_session_predict_float(s, x, BATCH, STEPS, out.floats, BATCH * UNITS));
    REFUSED(status, lstm_session_reset(s));
    REFUSED(status, lstm_trace_create(s, "lstm", inputs, 1, &out.trace));
  }
  lstm_session_free(freed);
  lstm_session_free((lstm_session *)model);
  lstm_session_free((lstm_session *)(void *)garbage);
}

static void creation(void) {
  lstm_session_options options;
  const int32_t wrong_precisions[] = {0, -1, LSTM_INT32, 5, INT32_MAX, INT32_MIN};
  const int32_t wrong_threads[] = {0, -1, 257, INT32_MAX, INT32_MIN};
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_create(model, NULL, NULL));
  for (size_t i = 0; i < sizeof wrong_precisions / sizeof *wrong_precisions; i++) {
    lstm_session_options_init(&options);
    options.precision = wrong_precisions[i];
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_create(model, &options, &out.session));
  }
  for (size_t i = 0; i < sizeof wrong_threads / sizeof *wrong_threads; i++) {
    lstm_session_options_init(&options);
    options.threads = wrong_threads[i];
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_create(model, &options, &out.session));
  }
  const int32_t no_weights[] = {-1, 4, 5, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof no_weights / sizeof *no_weights; i++) {
    lstm_session_options_init(&options);
    options.weights = no_weights[i];
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_create(model, &options, &out.session));
    CHECK(strstr(lstm_last_error(), "LSTM_WEIGHTS_INT8") != NULL);
  }
  for (int32_t weights = LSTM_WEIGHTS_BF16; weights <= LSTM_WEIGHTS_W8A8; weights++) {
    lstm_session_options_init(&options);
    options.precision = LSTM_FLOAT64;
    options.weights = weights;
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_create(model, &options, &out.session));
    CHECK(strstr(lstm_last_error(), "LSTM_FLOAT32") != NULL);
  }
  lstm_session_options_init(&options);
  options.reserved = 1;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_create(model, &options, &out.session));
  /* A program from before there were weights passes a smaller struct; what lies behind it is not looked at. */
  lstm_session_options_init(&options);
  options.struct_size = offsetof(lstm_session_options, weights);
  options.weights = 77;
  options.reserved = 77;
  lstm_session *old = NULL;
  WORKS(lstm_session_create(model, &options, &old));
  lstm_session_free(old);
  options.struct_size--;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_create(model, &options, &out.session));
  lstm_session_options_init(&options);
  options.struct_size = 0;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_create(model, &options, &out.session));
}

static lstm_status predict(void) { return lstm_session_predict(session, inputs, 1, outputs, 1); }
static lstm_status shapes(void) { return lstm_session_output_shapes(session, inputs, 1, fillable, 1); }

static void counts_and_null_lists(void) {
  good_arrays();
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_predict(session, NULL, 1, outputs, 1));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_predict(session, inputs, 1, NULL, 1));
  const size_t wrong[] = {0, 2, SIZE_MAX};
  for (size_t i = 0; i < 3; i++) {
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_predict(session, inputs, wrong[i], outputs, 1));
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_predict(session, inputs, 1, outputs, wrong[i]));
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_output_shapes(session, inputs, wrong[i], fillable, 1));
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_output_shapes(session, inputs, 1, fillable, wrong[i]));
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_create(session, "lstm", inputs, wrong[i], &out.trace));
  }
  inputs[0] = NULL;
  REFUSED(LSTM_ERROR_ARGUMENT, predict());
  REFUSED(LSTM_ERROR_ARGUMENT, shapes());
  good_arrays();
  outputs[0] = NULL;
  REFUSED(LSTM_ERROR_ARGUMENT, predict());
  fillable[0] = NULL;
  REFUSED(LSTM_ERROR_ARGUMENT, shapes());
}

/* Spoils one field of the input, then of the output, and wants it refused. */
static void fields_of_arrays(void) {
  const int32_t types[] = {0, -1, 5, INT32_MAX, INT32_MIN}, ranks[] = {-1, LSTM_MAX_RANK + 1, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    good_arrays();
    in.dtype = types[i];
    REFUSED(LSTM_ERROR_ARGUMENT, predict());
    REFUSED(LSTM_ERROR_ARGUMENT, shapes());
    good_arrays();
    result.dtype = types[i];
    REFUSED(LSTM_ERROR_ARGUMENT, predict());
  }
  good_arrays();
  result.dtype = LSTM_INT32; /* outputs are floats */
  REFUSED(LSTM_ERROR_ARGUMENT, predict());
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
    good_arrays();
    in.rank = ranks[i];
    REFUSED(LSTM_ERROR_ARGUMENT, predict());
    REFUSED(LSTM_ERROR_ARGUMENT, shapes());
    good_arrays();
    result.rank = ranks[i];
    REFUSED(LSTM_ERROR_ARGUMENT, predict());
  }
  const size_t sizes[] = {0, 8, sizeof(lstm_array) - 1};
  for (size_t i = 0; i < 3; i++) {
    good_arrays();
    in.struct_size = sizes[i];
    REFUSED(LSTM_ERROR_ARGUMENT, predict());
    good_arrays();
    result.struct_size = sizes[i];
    REFUSED(LSTM_ERROR_ARGUMENT, predict());
  }
  good_arrays();
  in.data = NULL;
  REFUSED(LSTM_ERROR_ARGUMENT, predict());
  good_arrays();
  result.data = NULL;
  REFUSED(LSTM_ERROR_ARGUMENT, predict());
  good_arrays();
  in.data = out.floats; /* an input that overlaps the output */
  REFUSED(LSTM_ERROR_ARGUMENT, predict());
}

static void dimensions(void) {
  const int64_t absurd[] = {-1, INT64_MIN, INT64_MAX, (int64_t)1 << 62};
  for (int axis = 0; axis < 3; axis++)
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
      good_arrays();
      in.shape[axis] = absurd[i];
      fill_out();
      CHECK(predict() < 0 && *lstm_last_error());
      fill_out();
      ANSWERS(shapes());
    }
  for (int32_t rank = 0; rank < LSTM_MAX_RANK; rank++) {
    good_arrays();
    if (rank != 3) {
      in.rank = rank;
      REFUSED(LSTM_ERROR_SHAPE, predict());
    }
    good_arrays();
    if (rank != 2) {
      result.rank = rank;
      REFUSED(LSTM_ERROR_SHAPE, predict());
    }
  }
  good_arrays();
  in.shape[2] = FEATURES + 1;
  REFUSED(LSTM_ERROR_SHAPE, predict());
  good_arrays();
  result.shape[1] = UNITS - 1;
  REFUSED(LSTM_ERROR_SHAPE, predict());
  good_arrays();
  result.shape[0] = BATCH + 1;
  REFUSED(LSTM_ERROR_SHAPE, predict());
}

static void short_form(void) {
  const size_t room = BATCH * UNITS;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_predict_float(session, NULL, BATCH, STEPS, out.floats, room));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_session_predict_float(session, x, BATCH, STEPS, NULL, room));
  REFUSED(LSTM_ERROR_SHAPE, lstm_session_predict_float(session, x, BATCH, STEPS, out.floats, room - 1));
  REFUSED(LSTM_ERROR_SHAPE, lstm_session_predict_float(session, x, BATCH, STEPS, out.floats, room + 1));
  REFUSED(LSTM_ERROR_SHAPE, lstm_session_predict_float(session, x, BATCH, STEPS, out.floats, SIZE_MAX));
  const int64_t absurd[] = {-1, 0, INT64_MIN, INT64_MAX, (int64_t)1 << 62};
  for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
    fill_out();
    CHECK(lstm_session_predict_float(session, x, absurd[i], STEPS, out.floats, room) < 0 && *lstm_last_error());
    fill_out();
    CHECK(lstm_session_predict_float(session, x, BATCH, absurd[i], out.floats, room) < 0 && *lstm_last_error());
  }
}

static void traces(void) {
  lstm_trace *trace, *gone;
  good_arrays();
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_create(session, NULL, inputs, 1, &out.trace));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_create(session, "lstm", NULL, 1, &out.trace));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_create(session, "lstm", inputs, 1, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_create(session, "", inputs, 1, &out.trace));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_create(session, "no_such_layer", inputs, 1, &out.trace));
  CHECK(strstr(lstm_last_error(), "lstm") != NULL);
  in.shape[2] = 1;
  REFUSED(LSTM_ERROR_SHAPE, lstm_trace_create(session, "lstm", inputs, 1, &out.trace));
  good_arrays();
  WORKS(lstm_trace_create(session, "lstm", inputs, 1, &trace));
  WORKS(lstm_trace_create(session, "lstm", inputs, 1, &gone));
  lstm_trace_free(gone);
  const void *wrong[] = {gone, session, garbage};
  for (size_t i = 0; i < 4; i++) {
    const lstm_trace *t = i < 3 ? (const lstm_trace *)wrong[i] : NULL;
    lstm_status status = i < 3 ? LSTM_ERROR_HANDLE : LSTM_ERROR_ARGUMENT;
    REFUSED(status, lstm_trace_get_count(t, &out.size));
    REFUSED(status, lstm_trace_get_series(t, 0, &out.series_info));
  }
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_get_count(trace, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_get_series(trace, 0, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_get_series(trace, 6, &out.series_info));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trace_get_series(trace, SIZE_MAX, &out.series_info));
  fill_out();
  out.series_info.struct_size = 0;
  CHECK(lstm_trace_get_series(trace, 0, &out.series_info) == LSTM_ERROR_ARGUMENT);
  lstm_trace_free((lstm_trace *)session);
  lstm_trace_free(trace);
}

int main(void) {
  begin("nonsense_run");
  memset(garbage, 0x5A, sizeof garbage);
  fill_floats(x, sizeof x / sizeof *x, 1);
  model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  WORKS(lstm_session_create(model, NULL, &session));
  WORKS(lstm_session_create(model, NULL, &freed));
  lstm_session_free(freed);
  wrong_handles();
  creation();
  counts_and_null_lists();
  fields_of_arrays();
  dimensions();
  short_form();
  traces();
  good_arrays(); /* after all that the session still works */
  WORKS(lstm_session_predict_float(session, x, BATCH, STEPS, y, BATCH * UNITS));
  CHECK(y[0] != 0 && y[0] > -1 && y[0] < 1);
  lstm_session_free(session);
  lstm_model_free(model);
  return finish();
}
