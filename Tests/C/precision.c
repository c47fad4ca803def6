/* lstm_compare_precision: what it reports is what a session gives; nonsense is refused and leaves the reports alone. */
#include "check.h"

#include <math.h>
#include <string.h>

enum { BATCH = 3, STEPS = 6, FEATURES = 4, UNITS = 8 }; /* lstm_basic */
static float x[BATCH * STEPS * FEATURES];
static double exact[BATCH * UNITS], found[BATCH * UNITS];

static void run(const lstm_model *model, int32_t precision, int32_t weights, double *y) {
  lstm_session_options options;
  lstm_session_options_init(&options);
  options.precision = precision;
  options.weights = weights;
  lstm_session *session;
  WORKS(lstm_session_create(model, &options, &session));
  lstm_array in = float_array(x, 3, BATCH, STEPS, FEATURES), result = float_array(NULL, 2, BATCH, UNITS, 0);
  result.dtype = LSTM_FLOAT64;
  result.data = y;
  const lstm_array *inputs[] = {&in}, *outputs[] = {&result};
  WORKS(lstm_session_predict(session, inputs, 1, outputs, 1));
  lstm_session_free(session);
}

int main(void) {
  begin("precision");
  fill_floats(x, sizeof x / sizeof *x, 1);
  lstm_model *model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  lstm_array in = float_array(x, 3, BATCH, STEPS, FEATURES);
  const lstm_array *inputs[] = {&in};
  lstm_precision_report reports[4], *asked[4];
  for (int32_t form = 0; form < 4; form++) {
    lstm_precision_report_init(&reports[form]);
    CHECK(reports[form].struct_size == sizeof *reports && reports[form].weights == LSTM_WEIGHTS_FLOAT32 && reports[form].output == 0);
    reports[form].weights = form;
    asked[form] = &reports[form];
  }
  WORKS(lstm_compare_precision(model, inputs, 1, asked, 4));
  run(model, LSTM_FLOAT64, LSTM_WEIGHTS_FLOAT32, exact);
  for (int32_t form = 0; form < 4; form++) {
    double largest = 0, sum = 0, value = 0;
    run(model, LSTM_FLOAT32, form, found);
    for (int i = 0; i < BATCH * UNITS; i++) {
      largest = fmax(largest, fabs(found[i] - exact[i]));
      sum += fabs(found[i] - exact[i]);
      value = fmax(value, fabs(exact[i]));
    }
    CHECK(reports[form].largest_error == largest);
    CHECK(fabs(reports[form].mean_error - sum / (BATCH * UNITS)) < 1e-15);
    CHECK(reports[form].largest_value == value);
    CHECK(reports[form].count == BATCH * UNITS);
    /* So small a layer saves little with int8: it has two numbers more for each gate of each unit. */
    CHECK(form == 0 || reports[form].weight_bytes < reports[0].weight_bytes);
    CHECK(form == 0 || reports[form].largest_error > reports[0].largest_error);
  }

  lstm_precision_report before = reports[0];
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_compare_precision(NULL, inputs, 1, asked, 4));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_compare_precision(model, NULL, 1, asked, 4));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_compare_precision(model, inputs, 2, asked, 4));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_compare_precision(model, inputs, 1, NULL, 4));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_compare_precision(model, inputs, 1, asked, SIZE_MAX));
  asked[1] = NULL;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_compare_precision(model, inputs, 1, asked, 4));
  asked[1] = &reports[1];
  for (int field = 0; field < 4; field++) {
    reports[1] = before;
    if (field == 0) reports[1].weights = 4;
    if (field == 1) reports[1].output = 1;
    if (field == 2) reports[1].reserved = 1;
    if (field == 3) reports[1].struct_size = 8;
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_compare_precision(model, inputs, 1, asked, 4));
  }
  reports[1] = before;
  in.shape[2] = FEATURES - 1;
  REFUSED(LSTM_ERROR_SHAPE, lstm_compare_precision(model, inputs, 1, asked, 4));
  CHECK(memcmp(&reports[0], &before, sizeof before) == 0);
  lstm_precision_report_init(NULL);
  WORKS(lstm_compare_precision(model, (in.shape[2] = FEATURES, inputs), 1, asked, 0));
  lstm_model_free(model);
  return finish();
}
