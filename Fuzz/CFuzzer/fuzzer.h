// libFuzzer's own loop, for programs that have a main of their own (LLVM, "Using libFuzzer as a library").
#ifndef SLIPSTREAM_FUZZER_H
#define SLIPSTREAM_FUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*try_input)(const uint8_t *bytes, size_t length));

#endif
