// The fused multiply-adds that are made of other operations, against the real one: 10^7 cases, of
// which most are hard. Exits with 1, and says on standard error why, if one is wrong.
#include "software_fma.h"

#include <math.h>

#include "support.h"

#if defined(__x86_64__)
#define MISH_ISA baseline
#include "cpu.h"
#include "simd/vector.h"
#endif

namespace {

constexpr long kCases = 10'000'000;

// MinGW-w64 has no fma that could be compared with; there the processor must have one.
#if defined(_WIN32)
#include <immintrin.h>

bool has_truth() { return mish::Cpu().has_avx2(); }
__attribute__((target("fma"))) double truth(double a, double b, double c) {
  return _mm_cvtsd_f64(_mm_fmadd_sd(_mm_set_sd(a), _mm_set_sd(b), _mm_set_sd(c)));
}
__attribute__((target("fma"))) float truth(float a, float b, float c) {
  return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}
#else
bool has_truth() { return true; }
double truth(double a, double b, double c) { return fma(a, b, c); }
[[maybe_unused]] float truth(float a, float b, float c) { return fmaf(a, b, c); }
#endif

template <class T>
struct Format;
template <>
struct Format<float> {
  using Bits = uint32_t;
  static constexpr int kDigits = 24, kBias = 127;
};
template <>
struct Format<double> {
  using Bits = uint64_t;
  static constexpr int kDigits = 53, kBias = 1023;
};

template <class T>
typename Format<T>::Bits bits_of(T x) {
  typename Format<T>::Bits bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

template <class T>
T from_bits(typename Format<T>::Bits bits) {
  T x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// A number with the biased exponent, or the nearest that there is, and with few bits set, so that
// sums are halfway between two numbers, or nearly so, more often than not.
template <class T>
T sparse(mish::tests::Source& source, long exponent) {
  using F = Format<T>;
  const uint64_t fraction = uint64_t{1} << (F::kDigits - 1), largest = 2 * F::kBias;
  const uint64_t biased = exponent < 0 ? 0 : exponent > long(largest) ? largest : exponent;
  uint64_t bits = source.word() & source.word() & source.word();
  for (uint64_t more = source.below(3); more; --more) bits &= source.word();
  if (source.below(2)) bits ^= ~(~uint64_t{0} << source.below(F::kDigits));  // a run at the end
  const uint64_t sign = source.below(2) << (8 * sizeof(T) - 1);
  return from_bits<T>(typename F::Bits((bits & (fraction - 1)) | biased * fraction | sign));
}

template <class T>
void put_case(mish::tests::Source& source, T (&x)[3]) {
  using F = Format<T>;
  const auto any = [&] { return from_bits<T>(typename F::Bits(source.word())); };
  const auto around = [&](long exponent, uint64_t range) {
    return sparse<T>(source, exponent + long(source.below(range)) - long(range / 2));
  };
  const long a = long(source.below(2 * F::kBias));
  switch (source.below(6)) {
    case 0:  // anything
      x[0] = any(), x[1] = any(), x[2] = any();
      return;
    case 1:  // the product and the addend overlap
    case 2: {
      const long product = long(source.below(2 * F::kBias));
      x[0] = around(a, 1), x[1] = around(product - a + F::kBias, 1);
      x[2] = around(product, 2 * F::kDigits + 8);
      return;
    }
    case 3:  // near the smallest numbers, and below
      x[0] = around(a, 1), x[1] = around(F::kBias - a, 3 * F::kDigits);
      x[2] = around(0, 3 * F::kDigits);
      return;
    case 4:  // near the largest, and above
      x[0] = around(a, 1), x[1] = around(3 * F::kBias - a, 6);
      x[2] = around(2 * F::kBias, 3 * F::kDigits);
      return;
    default:  // all but a few bits cancel
      x[0] = any(), x[1] = any();
      x[2] = from_bits<T>(typename F::Bits(bits_of(-x[0] * x[1]) + source.below(5) - 2));
  }
}

int failures = 0;

template <class T>
void expect(const char* what, T found, const T (&x)[3]) {
  const T right = truth(x[0], x[1], x[2]);
  if (memcmp(&found, &right, sizeof right) == 0 || (found != found && right != right)) return;
  if (++failures > 20) return;
  fprintf(stderr, "FAILED %s(%a, %a, %a) = %a, not %a\n", what, x[0], x[1], x[2], found, right);
}

#if defined(__x86_64__)
// In each lane, with another case beside it.
template <class T>
void try_vectors(const T (&x)[3], const T (&before)[3]) {
  using V = mish::baseline::Vec<T>;
  V v[3];
  for (int i = 0; i < 3; ++i) {
    T lanes[V::kLanes];
    for (int lane = 0; lane < V::kLanes; ++lane) lanes[lane] = lane % 2 ? before[i] : x[i];
    v[i] = V::load(lanes);
  }
  T found[V::kLanes];
  fma(v[0], v[1], v[2]).store(found);
  for (int lane = 0; lane < V::kLanes; ++lane)
    expect("fma of vectors", found[lane], lane % 2 ? before : x);
}
#else
template <class T>
void try_vectors(const T (&)[3], const T (&)[3]) {}
#endif

void try_case(const double (&x)[3], const double (&before)[3]) {
  expect("software_fma", mish::software_fma(x[0], x[1], x[2]), x);
  try_vectors(x, before);
}

void try_case(const float (&x)[3], const float (&before)[3]) { try_vectors(x, before); }

template <class T>
void try_all() {
  T before[3] = {1, 1, 1};
  const auto next = [&](const T(&x)[3]) {
    try_case(x, before);
    memcpy(before, x, sizeof before);
  };
  using F = Format<T>;
  const T least = from_bits<T>(1), normal = from_bits<T>(typename F::Bits{1} << (F::kDigits - 1));
  const T infinity = INFINITY, largest = from_bits<T>(bits_of(infinity) - 1);
  const T special[] = {0,        least,   least * 3,   normal - least, normal,       1,  T(1.5), 3,
                       infinity, largest, largest / 2, 1 / normal,     sqrt(normal), NAN};
  for (const T a : special)
    for (const T b : special)
      for (const T c : special)
        for (int signs = 0; signs < 8; ++signs)
          next({signs & 1 ? -a : a, signs & 2 ? -b : b, signs & 4 ? -c : c});
  mish::tests::Source source(5);
  for (long i = 0; i < kCases; ++i) {
    T x[3];
    put_case(source, x);
    next(x);
  }
}

}  // namespace

int main() {
  if (!has_truth()) {
    printf("this processor has no fused multiply-add to compare with\n");
    return 0;
  }
  try_all<double>();
  try_all<float>();
  if (failures) fprintf(stderr, "%d failures\n", failures);
  return failures != 0;
}
