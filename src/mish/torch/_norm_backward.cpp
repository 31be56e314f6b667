#include "_norm_backward.h"

#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "_tensors.h"

namespace mish_torch {
namespace {

// What was kept for the backward pass.
enum Kept : int64_t { kInput, kMarkedOutput, kBeforeMish };

constexpr int64_t block = 2048;  // numbers that stay in the first cache
constexpr double nowhere = -std::numeric_limits<double>::infinity();

// The backward pass of z = weight·x̂ + bias, y = mish(z), where x̂ = (x − μ)/σ.
//
// A set is what shares μ and σ: one channel of all samples, or a group of channels of one sample.
// All rows of a set, one channel of one sample each, are gone through twice: first for dz and
// for its sums with x̂, then for dx. Nothing but dx is as large as the tensor.
template <class T>
struct NormBackward {
  int64_t samples, channels, run;  // of the tensor, which is contiguous; run numbers in a row
  int64_t samples_of_set, channels_of_set, sets_of_sample;
  Kept kept;
  bool frozen;   // the statistics do not depend on x
  double least;  // of z: left of it Mish underflows
  const T *dy, *from, *weight, *bias, *mean, *rstd;
  const T* rows;                // of x, of the channels whose x̂ cannot be found in y
  std::vector<int64_t> row_of;  // where they are among these, or −1
  int64_t row_count;
  T* dx;
  std::vector<double> sums;  // of dz and of dz·x̂, for each row
  const mish_rows& row = kernels->rows[sizeof(T) == 4 ? MISH_FLOAT32 : MISH_FLOAT64];
  static constexpr mish_format format = sizeof(T) == 4 ? MISH_FLOAT32 : MISH_FLOAT64;

  void operator()(int64_t set, T* scratch) {
    const double mu = mean[set], r = rstd[set];
    const int64_t count = samples_of_set * channels_of_set * run;
    double by_all[2] = {};
    for_rows(set, [&](int64_t sample, int64_t channel, int64_t place) {
      double* const found = &sums[2 * (sample * channels + channel)];
      for (int64_t i = 0; i < run; i += block)
        first(sample, channel, i, mu, r, scratch + place, found);
      for (int k = 0; k < 2; ++k) by_all[k] += weight[channel] * found[k];
    });
    const double a = frozen ? 0 : by_all[0] / count, b = frozen ? 0 : by_all[1] / count;
    for_rows(set, [&](int64_t sample, int64_t channel, int64_t place) {
      const int64_t start = (sample * channels + channel) * run;
      for (int64_t i = 0; i < run; i += block) {
        const size_t n = size_t(std::min(block, run - i));
        T again[block];
        const T* x = scratch + place + i;
        if (kept == kInput) {
          row.affine(from + start + i, nowhere, mu, r, 0, again, n);
          x = again;
        }
        row.combine(dx + start + i, x, r * weight[channel], -r * b, -r * a, n);
      }
    });
  }

  // Calls part(sample, channel, place of the row in the set).
  template <class Part>
  void for_rows(int64_t set, const Part& part) const {
    const int64_t sample = set / sets_of_sample * samples_of_set;
    const int64_t channel = set % sets_of_sample * channels_of_set;
    int64_t place = 0;
    for (int64_t s = sample; s < sample + samples_of_set; ++s)
      for (int64_t c = channel; c < channel + channels_of_set; ++c, place += run) part(s, c, place);
  }

  // dz to where dx will be, x̂ to the scratch unless x is there, and their sums.
  void first(int64_t sample, int64_t channel, int64_t i, double mu, double r, T* scratch,
             double* found) const {
    const int64_t at = (sample * channels + channel) * run + i;
    const size_t n = size_t(std::min(block, run - i));
    constexpr ptrdiff_t size = sizeof(T);
    T room[block], normalised[block];
    const T* z = room;
    T* x = scratch + i;
    if (kept == kInput) {
      x = normalised;
      row.affine(from + at, nowhere, mu, r, 0, x, n);
      row.affine(x, nowhere, 0, weight[channel], bias[channel], room, n);
    } else {
      if (kept == kBeforeMish)
        z = from + at;
      else
        kernels->invert_marked[format](from + at, size, room, size, n, MISH_CACHED);
      const int64_t of = row_of[channel];
      if (of < 0)
        row.affine(z, least, bias[channel], 1.0 / weight[channel], 0, x, n);
      else
        row.affine(rows + (sample * row_count + of) * run + i, nowhere, mu, r, 0, x, n);
    }
    kernels->grad[format](dy + at, size, z, size, dx + at, size, n, MISH_CACHED);
    row.sums(dx + at, x, n, found);
  }
};

template <class T>
const T* numbers(const View& v) {
  return static_cast<const T*>(v.data());
}

template <class T>
void norm_mish_backward(Value* stack) {
  const Tensor given(stack[0]), from(stack[1]), weight(stack[2]), bias(stack[3]), mean(stack[4]),
      rstd(stack[5]), drowned(stack[6]), rows(stack[7]);
  const View x(from.get()), statistics(mean.get()), which(drowned.get());
  double least;
  std::memcpy(&least, &stack[10], sizeof least);
  Tensor copy(Handle(nullptr));
  if (!View(given.get()).same_layout(x)) copy = laid_out_as(x, View(given.get()));
  const View dy(copy.get() ? copy.get() : given.get());
  const int64_t samples = x.sizes[0], channels = x.sizes[1];
  Tensor dx = empty_like(x), by_weight = empty_like(View(weight.get())),
         by_bias = empty_like(View(weight.get()));
  NormBackward<T> all{samples,
                      channels,
                      x.numel / (samples * channels),
                      samples / statistics.sizes[0],
                      channels / statistics.sizes[1],
                      statistics.sizes[1],
                      Kept(stack[8]),
                      bool(stack[9]),
                      least,
                      numbers<T>(dy),
                      numbers<T>(x),
                      numbers<T>(View(weight.get())),
                      numbers<T>(View(bias.get())),
                      numbers<T>(statistics),
                      numbers<T>(View(rstd.get())),
                      numbers<T>(View(rows.get())),
                      std::vector<int64_t>(size_t(channels), -1),
                      which.numel,
                      static_cast<T*>(View(dx.get()).mutable_data()),
                      std::vector<double>(size_t(2 * samples * channels))};
  for (int64_t i = 0; i < which.numel; ++i) all.row_of[size_t(numbers<int64_t>(which)[i])] = i;
  on_threads_by_one(statistics.numel, [&](int64_t begin, int64_t end) {
    const int64_t room =
        all.kept == kInput ? 0 : all.samples_of_set * all.channels_of_set * all.run;
    const std::unique_ptr<T[]> scratch(new T[size_t(room)]);
    for (int64_t set = begin; set < end; ++set) all(set, scratch.get());
  });
  T* const to[2] = {static_cast<T*>(View(by_bias.get()).mutable_data()),
                    static_cast<T*>(View(by_weight.get()).mutable_data())};
  for (int64_t c = 0; c < channels; ++c)
    for (int k = 0; k < 2; ++k) {
      double sum = 0;
      for (int64_t s = 0; s < samples; ++s) sum += all.sums[size_t(2 * (s * channels + c) + k)];
      to[k][c] = T(sum);
    }
  stack[0] = dx.release();
  stack[1] = by_weight.release();
  stack[2] = by_bias.release();
}

// (Tensor dy, Tensor kept, Tensor weight, Tensor bias, Tensor mean, Tensor rstd, Tensor drowned,
// Tensor rows, int what, bool frozen, float least) -> (Tensor dx, Tensor dweight, Tensor dbias),
// where all are of float32 or of float64, `drowned` holds integers, all but dy are contiguous and
// not empty, and mean and rstd have the shape (samples or 1, groups or channels).
void of_either(Value* stack, uint64_t, uint64_t) {
  const View x(reinterpret_cast<Handle>(stack[1]));
  x.format == MISH_FLOAT32 ? norm_mish_backward<float>(stack) : norm_mish_backward<double>(stack);
}

}  // namespace

const Registration norm_kernels[] = {{"_norm_mish_backward", of_either}};

}  // namespace mish_torch
