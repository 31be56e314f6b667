// Sides and codes of every instruction set, on arrays that end where memory does.
// Exits with 1, and says on standard error why, if one is wrong.
#include "support.h"

namespace {

using namespace mish::tests;

constexpr size_t kMost = 1030;  // beyond two blocks

int failures = 0;

void expect(bool holds, const char* what, const mish_kernels* kernels, int format, int bits,
            size_t n) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "FAILED %s (%s, format %d, bits %d, n = %zu)\n", what, kernels->isa, format, bits,
          n);
}

size_t packed_size(size_t n, int bits) { return (n + 7) / 8 * size_t(bits ? bits : 1); }

// An array of so many bytes up to the end of its memory.
struct Fenced {
  GuardedMemory memory{1 << 14};
  char* last(size_t bytes) const { return memory.begin() + memory.size() - bytes; }
};

// What the whole arrays give, and parts of them must.
struct Whole {
  const mish_kernels* kernels;
  int format, bits;
  ptrdiff_t size;
  std::vector<char> x, dy, y, packed, dx, inverse;

  Whole(const mish_kernels* kernels, int format, int bits)
      : kernels(kernels), format(format), bits(bits), size(kSizes[format]) {
    Source source(7);
    const size_t bytes = kMost * size;
    for (auto* each : {&x, &dy, &y, &dx, &inverse}) each->resize(bytes);
    for (size_t i = 0; i < kMost; ++i) {
      put_number(source, format, &x[i * size]);
      put_number(source, format, &dy[i * size]);
    }
    packed.resize(packed_size(kMost, bits));
    kernels->derivative[0][format](x.data(), size, y.data(), size, kMost, MISH_CACHED);
    kernels->encode[format](x.data(), bits, (unsigned char*)packed.data(), kMost);
    kernels->decode_grad[format](dy.data(), size, y.data(), (unsigned char*)packed.data(), bits,
                                 dx.data(), kMost);
    kernels->invert_sided[format](y.data(), (unsigned char*)packed.data(), inverse.data(), kMost);
  }
};

void test_parts(const Whole& whole, size_t n) {
  static const Fenced fenced[4];
  const ptrdiff_t size = whole.size;
  const size_t bytes = n * size, packed = packed_size(n, whole.bits);
  const auto say = [&](bool holds, const char* what) {
    expect(holds, what, whole.kernels, whole.format, whole.bits, n);
  };
  char *const x = fenced[0].last(bytes), *const out = fenced[1].last(bytes);
  char *const dy = fenced[2].last(bytes), *const codes = fenced[3].last(packed);
  memcpy(x, whole.x.data(), bytes);
  memcpy(dy, whole.dy.data(), bytes);

  codes[-1] = 0x5A;
  whole.kernels->encode[whole.format](x, whole.bits, (unsigned char*)codes, n);
  say(codes[-1] == 0x5A, "encode writes before its result");
  // What fills the last byte up is 0.
  std::vector<char> wanted(whole.packed.begin(), whole.packed.begin() + ptrdiff_t(packed));
  const int planes = whole.bits ? whole.bits : 1;
  for (int bit = 0; n % 8 && bit < planes; ++bit)
    wanted[packed - 1 - size_t(bit)] &= char((1 << n % 8) - 1);
  say(n == 0 || memcmp(codes, wanted.data(), packed) == 0, "encode");

  memcpy(x, whole.y.data(), bytes);  // it is y from here on
  out[-1] = 0x5A;
  whole.kernels->decode_grad[whole.format](dy, size, x, (unsigned char*)codes, whole.bits, out, n);
  say(memcmp(out, whole.dx.data(), bytes) == 0, "decode");
  if (whole.bits == 0) {
    whole.kernels->invert_sided[whole.format](x, (unsigned char*)codes, out, n);
    say(memcmp(out, whole.inverse.data(), bytes) == 0, "invert");
  }
  say(out[-1] == 0x5A, "something is written before the result");

  if (n == 0) return;
  // One number for all of dy, which lies at the end of its memory.
  char* const one = fenced[2].last(size_t(size));
  memcpy(one, whole.dy.data(), size_t(size));
  whole.kernels->decode_grad[whole.format](one, 0, x, (unsigned char*)codes, whole.bits, out, n);
  say(memcmp(out, whole.dx.data(), size_t(size)) == 0, "decode of one dy");
}

}  // namespace

int main() {
  for (const mish_kernels* kernels : all_kernels()) {
    for (int format = 0; format < MISH_FORMATS; ++format) {
      for (int bits = 0; bits <= 4; ++bits) {
        const Whole whole(kernels, format, bits);
        for (size_t n = 0; n <= 70; ++n) test_parts(whole, n);
        for (const size_t n : {511, 512, 513, 1024, 1030}) test_parts(whole, n);
      }
    }
  }
  if (failures) fprintf(stderr, "%d failures\n", failures);
  return failures != 0;
}
