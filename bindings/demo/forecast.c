/*
 * forecast.c: a Keras-trained LSTM forecasts the yearly sunspot number from C.
 *
 *     forecast FOLDER [all]
 *
 * FOLDER holds sunspots.h5 (the network), sunspots.csv (the series) and keras_forecast.csv (what Keras computed from both).
 * Each year's forecast is made from the true values of all years before it: the stream is fed one year, and answers with the
 * next. `all` prints every held-out year, not the last cycle only.
 *
 * Exit status: 0 if all is well, 1 if a number differs from Keras' by more than TOLERANCE or the stream's bits differ from the
 * whole sequence's, 2 if something could not be read or run.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lstm.h"

#define MAX_YEARS 1024
#define FIRST_HELD_OUT 1921 /* the network was fitted on the years before; see keras.json */
#define CLASSIC_END 1955    /* the end of the test range of the time-series literature */
#define SEASON 11           /* years in a solar cycle, more or less */

/*
 * The largest difference from Keras' forecast that passes, as a part of that forecast, or in sunspots where it is below 1.
 * Two float32 LSTMs that add in another order differ by about 1e-7 a step, which the recurrence and the squaring in the transform
 * carry to about 1e-6 of a forecast. 1e-4 is far above that, and far below what any mistake in a gate would do.
 */
#define TOLERANCE 1e-4

/* A CSV file's numbers; an empty field is NaN. */
typedef struct table {
  size_t rows, columns;
  double values[MAX_YEARS][3];
} table;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "forecast: %s: %s\n", what, why);
  exit(2);
}

static void check(lstm_status status, const char *what) {
  if (status != LSTM_OK) {
    fprintf(stderr, "forecast: %s: %s: %s\n", what, lstm_status_name(status), lstm_last_error());
    exit(2);
  }
}

static const char *path_in(const char *folder, const char *name) {
  static char path[4096];
  int length = snprintf(path, sizeof path, "%s/%s", folder, name);
  if (length < 0 || (size_t)length >= sizeof path) fail(folder, "the path is too long");
  return path;
}

static void read_table(const char *path, size_t columns, table *table) {
  char line[256];
  FILE *file = fopen(path, "r");
  if (!file) fail(path, strerror(errno));
  table->rows = 0;
  table->columns = columns;
  if (!fgets(line, sizeof line, file)) fail(path, "no heading");
  while (fgets(line, sizeof line, file)) {
    char *at = line;
    size_t column;
    if (table->rows == MAX_YEARS) fail(path, "too many rows");
    for (column = 0; column < columns; column++) {
      char *end;
      double value = strtod(at, &end);
      table->values[table->rows][column] = end == at ? NAN : value;
      if (column + 1 < columns && *end != ',') fail(path, "a row with too few fields");
      at = end + 1;
    }
    table->rows++;
  }
  if (table->rows == 0) fail(path, "no rows");
  fclose(file);
}

/* The transform that train.py used, and its inverse. */
static float to_network(double sunspots) { return (float)(sqrt(sunspots) / 10); }

static double from_network(float output) {
  double root = output > 0 ? 10 * (double)output : 0;
  return root * root;
}

/* Everything is indexed by year: entry t of a forecast was made from the years before t. Entry `count` is the year after the data. */
static struct {
  size_t count;
  int first_year;
  double truth[MAX_YEARS];
  double ours[MAX_YEARS + 1], keras[MAX_YEARS + 1], linear[MAX_YEARS + 1], last[MAX_YEARS + 1], season[MAX_YEARS + 1];
} series;

static void read_series(const char *folder) {
  static table table;
  size_t t;
  read_table(path_in(folder, "sunspots.csv"), 2, &table);
  series.count = table.rows;
  series.first_year = (int)table.values[0][0];
  for (t = 0; t < series.count; t++) {
    if (table.values[t][0] != series.first_year + (double)t) fail("sunspots.csv", "a year is missing");
    series.truth[t] = table.values[t][1];
  }
  for (t = 0; t <= series.count; t++) {
    series.ours[t] = series.keras[t] = series.linear[t] = NAN;
    series.last[t] = t >= 1 ? series.truth[t - 1] : NAN;
    series.season[t] = t >= SEASON ? series.truth[t - SEASON] : NAN;
  }
  read_table(path_in(folder, "keras_forecast.csv"), 3, &table);
  if (table.rows != series.count) fail("keras_forecast.csv", "not one forecast for each year of sunspots.csv");
  for (t = 0; t < table.rows; t++) {
    if (table.values[t][0] != series.first_year + 1 + (double)t) fail("keras_forecast.csv", "a year is missing");
    series.keras[t + 1] = table.values[t][1];
    series.linear[t + 1] = table.values[t][2];
  }
}

/* Forecasts year by year, then all years in one call. Returns how many outputs have the same bits both ways. */
static size_t run(const char *path) {
  static float x[MAX_YEARS], stepped[MAX_YEARS], whole[MAX_YEARS];
  lstm_model *model;
  lstm_stream *stream;
  lstm_session *session;
  size_t t, same = 0;

  check(lstm_model_load(path, NULL, &model), "the network cannot be loaded");
  check(lstm_stream_create(model, NULL, &stream), "the network cannot be streamed");
  check(lstm_session_create(model, NULL, &session), "the network cannot be run");
  lstm_model_free(model);

  for (t = 0; t < series.count; t++) {
    x[t] = to_network(series.truth[t]);
    check(lstm_stream_step(stream, &x[t], 1, &stepped[t], 1), "a step");
    series.ours[t + 1] = from_network(stepped[t]);
  }
  check(lstm_session_predict_float(session, x, 1, (int64_t)series.count, whole, series.count), "the whole sequence");
  for (t = 0; t < series.count; t++) same += memcmp(&stepped[t], &whole[t], sizeof(float)) == 0;

  lstm_session_free(session);
  lstm_stream_free(stream);
  return same;
}

static double rmse(const double *forecast, int first, int last) {
  double sum = 0;
  int year;
  for (year = first; year <= last; year++) {
    double error = forecast[year - series.first_year] - series.truth[year - series.first_year];
    sum += error * error;
  }
  return sqrt(sum / (last - first + 1));
}

static void print_row(const char *name, const double *forecast, int last_year) {
  printf("  %-24s %9.2f %11.2f\n", name, rmse(forecast, FIRST_HELD_OUT, last_year), rmse(forecast, FIRST_HELD_OUT, CLASSIC_END));
}

int main(int argc, char **argv) {
  double worst = 0, worst_part = 0;
  int last_year, worst_year = 0, year;
  size_t same, t;
  int all = argc == 3 && strcmp(argv[2], "all") == 0;

  if (argc != 2 && !all) {
    fprintf(stderr, "usage: %s FOLDER [all]\n", argv[0]);
    return 2;
  }
  read_series(argv[1]);
  last_year = series.first_year + (int)series.count - 1;
  if (series.first_year + SEASON > FIRST_HELD_OUT || last_year < CLASSIC_END) fail("sunspots.csv", "other years than the demo's");
  same = run(path_in(argv[1], "sunspots.h5"));

  for (t = 1; t <= series.count; t++) {
    double difference = fabs(series.ours[t] - series.keras[t]);
    double part = difference / fmax(1, series.keras[t]);
    if (difference > worst || isnan(difference)) worst = difference, worst_year = series.first_year + (int)t;
    if (part > worst_part || isnan(part)) worst_part = part;
    if (isnan(part)) break;
  }

  printf("Yearly sunspot numbers, each year forecast from the years before it. liblstm %s (%s)\n\n", lstm_version(), lstm_cpu());
  printf("  year     truth   liblstm     Keras   last value\n");
  for (year = all ? FIRST_HELD_OUT : last_year - SEASON; year <= last_year; year++) {
    t = (size_t)(year - series.first_year);
    printf("  %d %9.1f %9.4f %9.4f %12.1f\n", year, series.truth[t], series.ours[t], series.keras[t], series.last[t]);
  }
  printf("  %d         ? %9.4f %9.4f %12.1f\n\n", last_year + 1, series.ours[series.count], series.keras[series.count],
         series.last[series.count]);

  printf("  root mean square error   %d-%d   %d-%d   (held out: fitted on the years before)\n", FIRST_HELD_OUT, last_year,
         FIRST_HELD_OUT, CLASSIC_END);
  print_row("liblstm", series.ours, last_year);
  print_row("Keras, as recorded", series.keras, last_year);
  print_row("linear, AR(9)", series.linear, last_year);
  print_row("last value", series.last, last_year);
  print_row("last season (11 years)", series.season, last_year);

  printf("\n  largest difference from Keras: %.2g sunspots, in %d; %.2g of the forecast (at most %.0e allowed): %s\n", worst,
         worst_year, worst_part, TOLERANCE, worst_part <= TOLERANCE ? "agrees" : "DOES NOT AGREE");
  printf("  year by year against all at once: the same bits in %lu of %lu years\n", (unsigned long)same, (unsigned long)series.count);
  return worst_part <= TOLERANCE && same == series.count ? 0 : 1;
}
