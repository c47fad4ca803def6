/* arrays.h: reading and writing arrays in files, for the examples. Functions return 1, or print what is wrong and return 0. */
#ifndef ARRAYS_H
#define ARRAYS_H

#include <lstm.h>

#define MOST_ARRAYS 16

/* The inputs or the outputs of a model: doubles, whose memory belongs to the list. */
typedef struct {
  size_t count;
  lstm_array array[MOST_ARRAYS];
} array_list;

/* Memory for the elements that the array's dtype and shape ask for. */
int array_allocate(lstm_array *array);
size_t array_elements(const lstm_array *array);
void arrays_free(array_list *list);

/* Text, one row per instant, columns separated by commas or spaces; an empty line begins the next sequence. Lines beginning with
   '#' do not count. Reads one array: [sequences, rows, columns], or [rows, columns] for a rank of 2. */
int arrays_read_csv(const char *path, int rank, array_list *list);
int arrays_write_csv(const char *path, const array_list *list);

/* Datasets "input", or "input_0", "input_1", … of an HDF5 file; likewise "output". */
int arrays_read_hdf5(const char *path, array_list *list);
int arrays_write_hdf5(const char *path, const array_list *list);

#endif
