// In the place of what libc++abi has to write the names of C++ down, for the message of a program
// that ends by an exception. It would take half of each module; names stay as the compiler spells
// them.
extern "C" __attribute__((visibility("hidden"))) char* __cxa_demangle(const char*, char*,
                                                                      unsigned long*, int* status) {
  if (status) *status = -1;
  return nullptr;
}
