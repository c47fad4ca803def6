/* libhdf5 for Swift: the header, and the macros that Swift cannot import. */
#ifndef LSTM_CHDF5_SHIM_H
#define LSTM_CHDF5_SHIM_H

#include <hdf5.h>

static inline unsigned lstm_h5f_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned lstm_h5f_truncate(void) { return H5F_ACC_TRUNC; }
static inline hid_t lstm_h5p_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t lstm_h5t_float32le(void) { return H5T_IEEE_F32LE; }
static inline hid_t lstm_h5t_float64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t lstm_h5t_int64le(void) { return H5T_STD_I64LE; }
static inline hid_t lstm_h5p_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t lstm_h5p_default(void) { return H5P_DEFAULT; }
static inline hid_t lstm_h5t_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t lstm_h5t_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t lstm_h5t_native_llong(void) { return H5T_NATIVE_LLONG; }
static inline hid_t lstm_h5t_c_s1(void) { return H5T_C_S1; }
static inline hid_t lstm_h5s_all(void) { return H5S_ALL; }
static inline size_t lstm_h5t_variable(void) { return H5T_VARIABLE; }
static inline hid_t lstm_h5e_default(void) { return H5E_DEFAULT; }

/* How a group holds a name: 0 a hard link, 1 a soft link, 64 an external link, above 64 a program's own kind, -2 no such name.
 * (H5Lget_info is a macro in newer versions of the library.) */
static inline int lstm_h5l_kind(hid_t group, const char *name) {
  H5L_info_t info;
  if (H5Lexists(group, name, H5P_DEFAULT) <= 0 || H5Lget_info(group, name, &info, H5P_DEFAULT) < 0) return -2;
  return (int)info.type;
}

/* For the fuzz targets: H5Oget_info is a macro too, and so is the address that means none. */
static inline herr_t lstm_fuzz_object_info(hid_t object, H5O_info_t *info) { return H5Oget_info(object, info); }
static inline haddr_t lstm_fuzz_no_address(void) { return HADDR_UNDEF; }

/* The number of one of a dataset's filters, or -1. */
static inline int lstm_h5z_filter(hid_t properties, unsigned index) {
  size_t values = 0;
  unsigned flags = 0, configuration = 0;
  return (int)H5Pget_filter2(properties, index, &flags, &values, NULL, 0, NULL, &configuration);
}

#endif
