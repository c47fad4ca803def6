/* The jansson JSON library for Swift. */
#ifndef LSTM_CJANSSON_SHIM_H
#define LSTM_CJANSSON_SHIM_H

#include <jansson.h>

/* json_decref is a static inline function in the header; Swift sees it as such. */

#endif
