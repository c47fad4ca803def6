#include "arrays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef WITH_HDF5
#include <hdf5.h>

/* Reads a dataset of any numeric type as doubles. */
static int read_dataset(hid_t file, const char *name, lstm_array *array) {
  hsize_t shape[LSTM_MAX_RANK] = {0};
  hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = dataset < 0 ? -1 : H5Dget_space(dataset);
  int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space), read = 0;
  lstm_array_init(array);
  if (rank >= 0 && rank <= LSTM_MAX_RANK) {
    H5Sget_simple_extent_dims(space, shape, NULL);
    array->dtype = LSTM_FLOAT64;
    array->rank = rank;
    for (int i = 0; i < rank; i++) array->shape[i] = (int64_t)shape[i];
    read = array_allocate(array) && H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array->data) >= 0;
  }
  if (space >= 0) H5Sclose(space);
  if (dataset >= 0) H5Dclose(dataset);
  return read;
}

static int write_dataset(hid_t file, const char *name, const lstm_array *array) {
  hsize_t shape[LSTM_MAX_RANK];
  for (int i = 0; i < array->rank; i++) shape[i] = (hsize_t)array->shape[i];
  hid_t space = H5Screate_simple(array->rank, shape, NULL);
  hid_t dataset = H5Dcreate2(file, name, H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  int written = dataset >= 0 && H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array->data) >= 0;
  if (dataset >= 0) H5Dclose(dataset);
  H5Sclose(space);
  return written;
}

int arrays_read_hdf5(const char *path, array_list *list) {
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) return fprintf(stderr, "%s: not an HDF5 file\n", path), 0;
  int right = 1;
  for (list->count = 0; right && list->count < MOST_ARRAYS;) {
    char name[32];
    snprintf(name, sizeof name, "input_%zu", list->count);
    if (list->count == 0 && H5Lexists(file, "input", H5P_DEFAULT) > 0) strcpy(name, "input");
    if (H5Lexists(file, name, H5P_DEFAULT) <= 0) break;
    right = read_dataset(file, name, &list->array[list->count++]);
    if (strcmp(name, "input") == 0) break;
  }
  H5Fclose(file);
  if (!right || list->count == 0) fprintf(stderr, "%s: no readable dataset input or input_0\n", path);
  return right && list->count > 0;
}

int arrays_write_hdf5(const char *path, const array_list *list) {
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  int right = file >= 0;
  for (size_t i = 0; right && i < list->count; i++) {
    char name[32] = "output";
    if (list->count > 1) snprintf(name, sizeof name, "output_%zu", i);
    right = write_dataset(file, name, &list->array[i]);
  }
  if (file >= 0) right = H5Fclose(file) >= 0 && right;
  if (!right) fprintf(stderr, "%s: cannot be written\n", path);
  return right;
}

#else

static int without(const char *path) {
  fprintf(stderr, "%s: this program was built without HDF5 (build with WITH_HDF5=1)\n", path);
  return 0;
}
int arrays_read_hdf5(const char *path, array_list *list) { return (void)list, without(path); }
int arrays_write_hdf5(const char *path, const array_list *list) { return (void)list, without(path); }

#endif
