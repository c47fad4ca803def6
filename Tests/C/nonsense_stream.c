/* Every function of streams, given nonsense: it answers with a status and a sentence, writes nothing and leaves the state alone. */
#include "check.h"

#include <string.h>

enum { FEATURES = 4, UNITS = 8, STATE = 2 * UNITS }; /* lstm_basic: h and c */

static _Alignas(16) unsigned char garbage[512];
static lstm_model *model;
static lstm_stream *stream, *freed;
static float x[16 * FEATURES], before[STATE], after[STATE];
static double xd[FEATURES];

static void wrong_handles(void) {
  const void *wrong[] = {freed, model, garbage};
  for (size_t i = 0; i < 4; i++) {
    lstm_stream *s = i < 3 ? (lstm_stream *)wrong[i] : NULL;
    lstm_status status = i < 3 ? LSTM_ERROR_HANDLE : LSTM_ERROR_ARGUMENT;
    REFUSED(status, lstm_stream_get_sizes(s, &out.size, &out.other_size));
    REFUSED(status, lstm_stream_step(s, x, FEATURES, out.floats, UNITS));
    REFUSED(status, lstm_stream_step_double(s, xd, FEATURES, out.doubles, UNITS));
    REFUSED(status, lstm_stream_steps(s, 2, x, 2 * FEATURES, out.floats, 2 * UNITS));
    REFUSED(status, lstm_stream_reset(s));
    REFUSED(status, lstm_stream_get_state_size(s, &out.size, &out.other_size));
    REFUSED(status, lstm_stream_get_state_info(s, 0, &out.state_info));
    REFUSED(status, lstm_stream_get_state(s, LSTM_FLOAT32, out.floats, STATE));
    REFUSED(status, lstm_stream_set_state(s, LSTM_FLOAT32, before, STATE));
    REFUSED(status, lstm_stream_copy(s, &out.stream));
  }
  lstm_stream_free(freed);
  lstm_stream_free((lstm_stream *)model);
  lstm_stream_free((lstm_stream *)(void *)garbage);
}

static void creation(void) {
  lstm_stream_options options;
  const int32_t wrong[] = {0, -1, LSTM_INT32, 5, INT32_MAX, INT32_MIN};
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, NULL, NULL));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    lstm_stream_options_init(&options);
    options.precision = wrong[i];
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, &options, &out.stream));
  }
  lstm_stream_options_init(&options);
  options.threads = 0;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, &options, &out.stream));
  options.threads = 257;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, &options, &out.stream));
  lstm_stream_options_init(&options);
  const int32_t no_weights[] = {-1, 4, 5, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof no_weights / sizeof *no_weights; i++) {
    lstm_stream_options_init(&options);
    options.weights = no_weights[i];
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, &options, &out.stream));
    CHECK(strstr(lstm_last_error(), "LSTM_WEIGHTS_INT8") != NULL);
  }
  for (int32_t weights = LSTM_WEIGHTS_BF16; weights <= LSTM_WEIGHTS_W8A8; weights++) {
    lstm_stream_options_init(&options);
    options.precision = LSTM_FLOAT64;
    options.weights = weights;
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, &options, &out.stream));
    CHECK(strstr(lstm_last_error(), "LSTM_FLOAT32") != NULL);
  }
  lstm_stream_options_init(&options);
  options.reserved = 1;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, &options, &out.stream));
  /* A program from before there were weights passes a smaller struct; what lies behind it is not looked at. */
  lstm_stream_options_init(&options);
  options.struct_size = offsetof(lstm_stream_options, weights);
  options.weights = 77;
  options.reserved = 77;
  lstm_stream *old = NULL;
  WORKS(lstm_stream_create(model, &options, &old));
  lstm_stream_free(old);
  options.struct_size--;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, &options, &out.stream));
  lstm_stream_options_init(&options);
  options.struct_size = 0;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_create(model, &options, &out.stream));

  lstm_model *needs_the_future = load_fixture("bilstm_concat/bilstm_concat.k3.h5");
  lstm_model_info info;
  lstm_model_info_init(&info);
  WORKS(lstm_model_get_info(needs_the_future, &info));
  CHECK(info.can_stream == 0);
  REFUSED(LSTM_ERROR_UNSUPPORTED, lstm_stream_create(needs_the_future, NULL, &out.stream));
  CHECK(strstr(lstm_last_error(), "bidirectional") != NULL);
  lstm_model_free(needs_the_future);
}

static void steps(void) {
  const size_t wrong[] = {0, FEATURES - 1, FEATURES + 1, SIZE_MAX};
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_step(stream, NULL, FEATURES, out.floats, UNITS));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_step(stream, x, FEATURES, NULL, UNITS));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_step_double(stream, NULL, FEATURES, out.doubles, UNITS));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_step_double(stream, xd, FEATURES, NULL, UNITS));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_steps(stream, 2, NULL, 2 * FEATURES, out.floats, 2 * UNITS));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_steps(stream, 2, x, 2 * FEATURES, NULL, 2 * UNITS));
  for (size_t i = 0; i < 4; i++) {
    REFUSED(LSTM_ERROR_SHAPE, lstm_stream_step(stream, x, wrong[i], out.floats, UNITS));
    REFUSED(LSTM_ERROR_SHAPE, lstm_stream_step(stream, x, FEATURES, out.floats, wrong[i]));
    REFUSED(LSTM_ERROR_SHAPE, lstm_stream_step_double(stream, xd, wrong[i], out.doubles, UNITS));
    REFUSED(LSTM_ERROR_SHAPE, lstm_stream_step_double(stream, xd, FEATURES, out.doubles, wrong[i]));
    REFUSED(LSTM_ERROR_SHAPE, lstm_stream_steps(stream, 2, x, wrong[i], out.floats, 2 * UNITS));
    REFUSED(LSTM_ERROR_SHAPE, lstm_stream_steps(stream, 2, x, 2 * FEATURES, out.floats, wrong[i]));
  }
  const int64_t absurd[] = {-1, INT64_MIN, INT64_MAX, (int64_t)1 << 62};
  for (size_t i = 0; i < 4; i++) {
    fill_out();
    CHECK(lstm_stream_steps(stream, absurd[i], x, FEATURES, out.floats, UNITS) < 0 && *lstm_last_error());
    fill_out(); /* a product that wraps around to the right size */
    CHECK(lstm_stream_steps(stream, absurd[i], x, (size_t)absurd[i] * FEATURES, out.floats, (size_t)absurd[i] * UNITS) < 0);
  }
  fill_out();
  CHECK(lstm_stream_steps(stream, 0, x, FEATURES, out.floats, UNITS) < 0 && *lstm_last_error());
}

static void state(void) {
  const int32_t types[] = {0, -1, LSTM_INT32, LSTM_INT64, 5, INT32_MAX, INT32_MIN};
  const size_t sizes[] = {0, STATE - 1, STATE + 1, SIZE_MAX};
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_get_state(stream, LSTM_FLOAT32, NULL, STATE));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_set_state(stream, LSTM_FLOAT32, NULL, STATE));
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_get_state(stream, types[i], out.floats, STATE));
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_set_state(stream, types[i], x, STATE));
  }
  for (size_t i = 0; i < 4; i++) {
    REFUSED(LSTM_ERROR_SHAPE, lstm_stream_get_state(stream, LSTM_FLOAT32, out.floats, sizes[i]));
    REFUSED(LSTM_ERROR_SHAPE, lstm_stream_set_state(stream, LSTM_FLOAT32, x, sizes[i]));
  }
  WORKS(lstm_stream_get_state_size(stream, NULL, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_get_state_info(stream, 0, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_get_state_info(stream, 2, &out.state_info));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_get_state_info(stream, SIZE_MAX, &out.state_info));
  fill_out();
  out.state_info.struct_size = 0;
  CHECK(lstm_stream_get_state_info(stream, 0, &out.state_info) == LSTM_ERROR_ARGUMENT);
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_stream_copy(stream, NULL));
  CHECK(lstm_stream_get_sizes(stream, NULL, NULL) == LSTM_OK);
}

int main(void) {
  begin("nonsense_stream");
  memset(garbage, 0x5A, sizeof garbage);
  fill_floats(x, sizeof x / sizeof *x, 1);
  model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  WORKS(lstm_stream_create(model, NULL, &stream));
  WORKS(lstm_stream_create(model, NULL, &freed));
  lstm_stream_free(freed);
  float y[UNITS];
  WORKS(lstm_stream_step(stream, x, FEATURES, y, UNITS));
  WORKS(lstm_stream_get_state(stream, LSTM_FLOAT32, before, STATE));
  wrong_handles();
  creation();
  steps();
  state();
  WORKS(lstm_stream_get_state(stream, LSTM_FLOAT32, after, STATE));
  CHECK(memcmp(before, after, sizeof before) == 0);
  lstm_stream_free(stream);
  lstm_model_free(model);
  return finish();
}
