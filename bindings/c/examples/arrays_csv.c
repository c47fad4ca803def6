#include "arrays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t array_elements(const lstm_array *array) {
  size_t count = 1;
  for (int32_t i = 0; i < array->rank; i++) count *= (size_t)array->shape[i];
  return count;
}

int array_allocate(lstm_array *array) {
  size_t width = array->dtype == LSTM_FLOAT64 || array->dtype == LSTM_INT64 ? 8 : 4;
  array->data = calloc(array_elements(array) + 1, width);
  if (!array->data) fprintf(stderr, "no memory for an array\n");
  return array->data != NULL;
}

void arrays_free(array_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->array[i].data);
  list->count = 0;
}

/* A growing list of numbers. */
typedef struct {
  double *values;
  size_t count, room;
} numbers;

static int append(numbers *list, double value) {
  if (list->count == list->room) {
    size_t room = list->room ? 2 * list->room : 1024;
    double *values = realloc(list->values, room * sizeof *values);
    if (!values) return 0;
    list->values = values;
    list->room = room;
  }
  list->values[list->count++] = value;
  return 1;
}

/* Appends a line's numbers; returns how many there were, or -1. */
static long append_line(numbers *list, const char *line) {
  for (long count = 0;; count++) {
    char *end;
    line += strspn(line, ", \t\r\n");
    if (*line == 0) return count;
    double value = strtod(line, &end);
    if (end == line || !append(list, value)) return -1;
    line = end;
  }
}

int arrays_read_csv(const char *path, int rank, array_list *list) {
  static char line[1 << 16];
  numbers all = {NULL, 0, 0};
  long columns = 0, rows = 0, sequences = 1, row = 0, number = 0;
  const char *trouble = NULL;
  FILE *file = fopen(path, "r");
  if (!file) return fprintf(stderr, "%s: cannot be opened\n", path), 0;
  while (!trouble && fgets(line, sizeof line, file)) {
    number++;
    if (line[0] == '#') continue;
    long found = append_line(&all, line);
    if (found == 0) { /* an empty line: the next row begins a sequence */
      if (rows == 0) rows = row;
      if (row != 0 && row != rows) trouble = "the sequences differ in length";
      row = 0;
      continue;
    }
    if (row == 0 && rows > 0) sequences++;
    if (columns == 0) columns = found;
    if (found < 0) trouble = "not a number";
    if (found > 0 && found != columns) trouble = "another number of columns than before";
    row++;
  }
  fclose(file);
  if (rows == 0) rows = row;
  if (!trouble && row != 0 && row != rows) trouble = "the sequences differ in length";
  if (!trouble && all.count == 0) trouble = "there are no numbers";
  if (trouble) {
    free(all.values);
    return fprintf(stderr, "%s, line %ld: %s\n", path, number, trouble), 0;
  }
  lstm_array *array = &list->array[0];
  lstm_array_init(array);
  array->dtype = LSTM_FLOAT64;
  array->rank = rank == 2 ? 2 : 3;
  array->shape[0] = rank == 2 ? sequences * rows : sequences;
  array->shape[1] = rank == 2 ? columns : rows;
  array->shape[2] = rank == 2 ? 0 : columns;
  array->data = all.values;
  list->count = 1;
  return 1;
}

int arrays_write_csv(const char *path, const array_list *list) {
  FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
  if (!file) return fprintf(stderr, "%s: cannot be written\n", path), 0;
  for (size_t i = 0; i < list->count; i++) {
    const lstm_array *array = &list->array[i];
    const double *values = array->data;
    size_t count = array_elements(array), width = array->rank > 0 ? (size_t)array->shape[array->rank - 1] : 1;
    fprintf(file, "# output %zu, [", i);
    for (int32_t k = 0; k < array->rank; k++) fprintf(file, "%s%lld", k ? ", " : "", (long long)array->shape[k]);
    fprintf(file, "]\n");
    for (size_t k = 0; k < count; k++) fprintf(file, "%.9g%s", values[k], (k + 1) % width == 0 ? "\n" : ",");
  }
  int written = file == stdout ? fflush(file) == 0 : fclose(file) == 0;
  if (!written) fprintf(stderr, "%s: not all could be written\n", path);
  return written;
}
