/* libhdf5 for Swift: the header, and the macros that Swift cannot import. */
#ifndef LSTM_CHDF5_SHIM_H
#define LSTM_CHDF5_SHIM_H

#include <hdf5.h>

static inline unsigned lstm_h5f_read_only(void) { return H5F_ACC_RDONLY; }
static inline hid_t lstm_h5p_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t lstm_h5p_default(void) { return H5P_DEFAULT; }
static inline hid_t lstm_h5t_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t lstm_h5t_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t lstm_h5t_native_llong(void) { return H5T_NATIVE_LLONG; }
static inline hid_t lstm_h5t_c_s1(void) { return H5T_C_S1; }
static inline hid_t lstm_h5s_all(void) { return H5S_ALL; }
static inline size_t lstm_h5t_variable(void) { return H5T_VARIABLE; }
static inline hid_t lstm_h5e_default(void) { return H5E_DEFAULT; }

#endif
