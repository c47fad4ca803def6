/* A session and a stream compute what Keras computed, for the same model as several versions of Keras wrote it. */
#include "check.h"

#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 5, STEPS = 6, FEATURES = 4, UNITS = 8, X = BATCH * STEPS * FEATURES, Y = BATCH * UNITS };
static double x[X], keras[Y], keras64[Y];

static int read_numbers(const char *file, const char *name, double *values, size_t count) {
  hid_t f = H5Fopen(file, H5F_ACC_RDONLY, H5P_DEFAULT), d = f < 0 ? f : H5Dopen2(f, name, H5P_DEFAULT);
  hid_t space = d < 0 ? d : H5Dget_space(d);
  int right = space >= 0 && H5Sget_simple_extent_npoints(space) == (hssize_t)count &&
              H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
  if (space >= 0) H5Sclose(space);
  if (d >= 0) H5Dclose(d);
  if (f >= 0) H5Fclose(f);
  return right;
}

static double distance(const double *a, const double *b) {
  double worst = 0;
  for (int i = 0; i < Y; i++) worst = fmax(worst, isnan(a[i]) ? INFINITY : fabs(a[i] - b[i]));
  return worst;
}

/* Runs all of a model's ways of computing in one precision. */
static void agrees(const lstm_model *model, int32_t precision, const double *wanted, double tolerance) {
  lstm_session_options options;
  lstm_session *session;
  lstm_session_options_init(&options);
  options.precision = precision;
  WORKS(lstm_session_create(model, &options, &session));
  double y[Y] = {0}, streamed[Y] = {0};
  float xf[X], yf[Y] = {0};
  lstm_array in = float_array(NULL, 3, BATCH, STEPS, FEATURES), result;
  in.dtype = LSTM_FLOAT64;
  lstm_array_init(&result);
  const lstm_array *inputs[] = {&in}, *outputs[] = {&result};
  lstm_array *shapes[] = {&result};
  WORKS(lstm_session_output_shapes(session, inputs, 1, shapes, 1));
  CHECK(result.dtype == precision && result.rank == 2 && result.shape[0] == BATCH && result.shape[1] == UNITS);
  CHECK(result.data == NULL);
  result.dtype = LSTM_FLOAT64;
  result.data = y;
  in.data = x;
  WORKS(lstm_session_predict(session, inputs, 1, outputs, 1));
  CHECK(distance(y, wanted) <= tolerance);
  for (int i = 0; i < X; i++) xf[i] = (float)x[i];
  WORKS(lstm_session_predict_float(session, xf, BATCH, STEPS, yf, Y));
  int rounded = 1;
  for (int i = 0; i < Y; i++) rounded &= yf[i] == (float)y[i];
  CHECK(rounded); /* the inputs are floats in any case */
  lstm_session_free(session);

  lstm_stream_options live;
  lstm_stream *stream;
  lstm_stream_options_init(&live);
  live.precision = precision;
  WORKS(lstm_stream_create(model, &live, &stream));
  size_t features = 0, units = 0;
  WORKS(lstm_stream_get_sizes(stream, &features, &units));
  CHECK(features == FEATURES && units == UNITS);
  lstm_status all = LSTM_OK;
  for (int row = 0; row < BATCH; row++) {
    for (int t = 0; t < STEPS; t++)
      all |= lstm_stream_step_double(stream, x + (row * STEPS + t) * FEATURES, FEATURES, streamed + row * UNITS, UNITS);
    all |= lstm_stream_reset(stream);
  }
  CHECK(all == LSTM_OK);
  CHECK(memcmp(streamed, y, sizeof y) == 0);
  lstm_stream_free(stream);
}

/* The gates of the last step, put together by the LSTM's own equation, are its output. */
static void trace_adds_up(const lstm_model *model) {
  lstm_session *session;
  lstm_trace *trace;
  lstm_array in = float_array(NULL, 3, BATCH, STEPS, FEATURES);
  const lstm_array *inputs[] = {&in};
  const char *names[] = {"input", "forget", "candidate", "output_gate", "cell", "output"};
  const float *series[6] = {NULL};
  size_t count = 0;
  in.dtype = LSTM_FLOAT64;
  in.data = x;
  WORKS(lstm_session_create(model, NULL, &session));
  WORKS(lstm_trace_create(session, "lstm", inputs, 1, &trace));
  lstm_session_free(session);
  WORKS(lstm_trace_get_count(trace, &count));
  CHECK(count == 6);
  for (size_t i = 0; i < count && i < 6; i++) {
    lstm_series_info info;
    lstm_series_info_init(&info);
    WORKS(lstm_trace_get_series(trace, i, &info));
    CHECK(strcmp(info.name, names[i]) == 0 && info.dtype == LSTM_FLOAT32 && info.rank == 3);
    CHECK(info.shape[0] == BATCH && info.shape[1] == STEPS && info.shape[2] == UNITS);
    series[i] = info.data;
  }
  double worst = 0, last = 0;
  for (int n = 0; n < BATCH * STEPS * UNITS && series[5]; n++) {
    int t = n / UNITS % STEPS;
    double c = series[0][n] * series[2][n] + (t ? series[1][n] * series[4][n - UNITS] : 0);
    worst = fmax(worst, fabs(c - series[4][n]) + fabs(series[3][n] * tanh(series[4][n]) - series[5][n]));
    if (t == STEPS - 1) last = fmax(last, fabs(series[5][n] - keras[n / (STEPS * UNITS) * UNITS + n % UNITS]));
  }
  CHECK(worst < 1e-5);
  CHECK(last < 1e-5);
  lstm_trace_free(trace);
}

static void from_memory(const char *path) {
  FILE *file = fopen(path, "rb");
  static char bytes[1 << 17];
  size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  lstm_model *model;
  if (file) fclose(file);
  WORKS(lstm_model_load_memory(bytes, size, NULL, &model));
  memset(bytes, 0, sizeof bytes); /* they are not needed any more */
  agrees(model, LSTM_FLOAT32, keras, 1e-6);
  lstm_model_free(model);
}

int main(void) {
  begin("fixture");
  const char *expected = fixture("lstm_basic/lstm_basic.expected.h5");
  CHECK(read_numbers(expected, "input", x, X));
  CHECK(read_numbers(expected, "output", keras, Y));
  CHECK(read_numbers(expected, "float64/output", keras64, Y));
  const char *writers[] = {"k2", "k215", "k3", "k30"};
  for (size_t i = 0; i < 4; i++) {
    char name[64];
    snprintf(name, sizeof name, "lstm_basic/lstm_basic.%s.h5", writers[i]);
    lstm_model *model = load_fixture(name);
    agrees(model, LSTM_FLOAT32, keras, 1e-6);
    agrees(model, LSTM_FLOAT64, keras64, 1e-9);
    trace_adds_up(model);
    lstm_model_free(model);
    from_memory(fixture(name));
  }
  return finish();
}
