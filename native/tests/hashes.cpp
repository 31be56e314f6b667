// The bits of all results, on every instruction set: a hash of each kernel's for fixed inputs.
// Exits with 1 if one is not what is written here; with --print it writes them all.
#include "support.h"

namespace {

using namespace mish::tests;

constexpr size_t kCount = 50'000;

// FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo).
uint64_t hash_of(const std::vector<char>& bytes) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : bytes) hash = (hash ^ uint8_t(byte)) * 0x100000001B3;
  return hash;
}

uint64_t hash_of_results(const mish_kernels* kernels, int operation, int format) {
  const ptrdiff_t size = kSizes[format];
  Source source(3);
  std::vector<char> x[2], y(kCount * size);
  for (std::vector<char>& each : x) {
    each.resize(kCount * size);
    for (size_t i = 0; i < kCount; ++i) put_number(source, format, &each[i * size]);
  }
  apply({kernels, operation, format, kCount, {}, {}}, {x[0].data(), x[1].data()}, {size, size},
        y.data(), size, kCount);
  return hash_of(y);
}

// By operation and format.
constexpr uint64_t kHashes[kOperations][MISH_FORMATS] = {
    {0x34DABD256F244741, 0x26CADEC8F0BD9CF9, 0xA36418B89217148A, 0x39565C56A4900BB1},
    {0x13ACDFA0C1693AFB, 0x407E038CF0CAC210, 0xB637DEFEBDEF7455, 0x5F65E75FB0932DD9},
    {0x64AC12A708BAEAF8, 0x43756E5B1F270CCC, 0x582C853E1E194127, 0xF8180D6063490AD2},
    {0xE211F2D2229E9F0E, 0x758F851AF00DAEC9, 0x7C10F6FA26AEA529, 0x476310ACFAD44DCD},
    {0x916EA351C461B37D, 0x3F8D93FD4DD0CDE6, 0x03BEA4EE642A480E, 0xA26F39C156314B96},
    {0xDFCAE707D7FF5823, 0x7888876DBDE3A23E, 0x5AA86CA99FB8761D, 0xC0823CE2AB5EB23A},
    {0x4670B07FD6552FB4, 0x4CFA6DA3898181C5, 0x40601E3244E62588, 0x4179569D94780830},
    {0xF91EF613B4C4BE3C, 0x879763F4FA6FCFFC, 0x37650AA07249F107, 0x3769F94174D0FBA9},
};

}  // namespace

int main(int argc, char** argv) {
  const bool print = argc > 1 && strcmp(argv[1], "--print") == 0;
  int failures = 0;
  for (const mish_kernels* kernels : all_kernels()) {
    for (int operation = 0; operation < kOperations; ++operation) {
      for (int format = 0; format < MISH_FORMATS; ++format) {
        const uint64_t hash = hash_of_results(kernels, operation, format);
        if (print) {
          printf("%s0x%016llX%s", format == 0 ? "    {" : " ", (unsigned long long)hash,
                 format + 1 == MISH_FORMATS ? "},\n" : ",");
        } else if (hash != kHashes[operation][format]) {
          ++failures;
          fprintf(stderr, "FAILED hash of %s, operation %d, format %d: 0x%016llX\n", kernels->isa,
                  operation, format, (unsigned long long)hash);
        }
      }
    }
    if (print) break;
  }
  return failures != 0;
}
