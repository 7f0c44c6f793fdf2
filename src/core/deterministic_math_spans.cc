// SPDX-License-Identifier: Apache-2.0
// The span functions of deterministic_math.h: one loop per function, compiled once for each instruction
// set and chosen when the program starts. Vector lanes do the scalar operations in the scalar order and
// nothing is fused, so every path gives the scalar function's bits.
#include "core/check.h"
#include "core/deterministic_math.h"
#include "core/deterministic_math_kernels.h"

namespace clinnova::core {
namespace kernel {
namespace {

struct ExpFunction {
  CLINNOVA_KERNEL static double Of(double x) { return Exp(x); }
};
struct LogFunction {
  CLINNOVA_KERNEL static double Of(double x) { return Log(x); }
};
struct ExpitFunction {
  CLINNOVA_KERNEL static double Of(double x) { return Expit(x); }
};

/// The pragma: result may be x itself, which a vector loop handles as well as a scalar one.
template <typename Function>
CLINNOVA_KERNEL void Loop(const double* x, double* result, std::size_t n) {
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
  for (std::size_t i = 0; i < n; ++i) result[i] = Function::Of(x[i]);
}

template <typename Function>
void LoopBaseline(const double* x, double* result, std::size_t n) {
  Loop<Function>(x, result, n);
}

#if defined(__x86_64__)
template <typename Function>
[[gnu::target("avx2")]] void LoopAvx2(const double* x, double* result, std::size_t n) {
  Loop<Function>(x, result, n);
}

template <typename Function>
[[gnu::target("avx512f,avx512dq,avx512vl")]] void LoopAvx512(const double* x, double* result,
                                                             std::size_t n) {
  Loop<Function>(x, result, n);
}

template <typename Function>
void LoopOn(Path path, const double* x, double* result, std::size_t n) {
  if (path == Path::kAvx512) return LoopAvx512<Function>(x, result, n);
  if (path == Path::kAvx2) return LoopAvx2<Function>(x, result, n);
  LoopBaseline<Function>(x, result, n);
}
#else
template <typename Function>
void LoopOn(Path, const double* x, double* result, std::size_t n) {
  LoopBaseline<Function>(x, result, n);
}
#endif

Path BestPath() {
  static const Path kBest = Supported(Path::kAvx512) ? Path::kAvx512
                            : Supported(Path::kAvx2) ? Path::kAvx2
                                                     : Path::kBaseline;
  return kBest;
}

template <typename Function>
void OnSpans(std::span<const double> x, std::span<double> result) {
  CLINNOVA_CHECK(x.size() == result.size());
  LoopOn<Function>(BestPath(), x.data(), result.data(), x.size());
}

}  // namespace

bool Supported(Path path) {
#if defined(__x86_64__)
  if (path == Path::kAvx2) return __builtin_cpu_supports("avx2");
  if (path == Path::kAvx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  }
#endif
  return path == Path::kBaseline;
}

void ExpOn(Path path, const double* x, double* result, std::size_t n) {
  LoopOn<ExpFunction>(path, x, result, n);
}
void LogOn(Path path, const double* x, double* result, std::size_t n) {
  LoopOn<LogFunction>(path, x, result, n);
}
void ExpitOn(Path path, const double* x, double* result, std::size_t n) {
  LoopOn<ExpitFunction>(path, x, result, n);
}

}  // namespace kernel

void Exp(std::span<const double> x, std::span<double> result) {
  kernel::OnSpans<kernel::ExpFunction>(x, result);
}
void Log(std::span<const double> x, std::span<double> result) {
  kernel::OnSpans<kernel::LogFunction>(x, result);
}
void Expit(std::span<const double> x, std::span<double> result) {
  kernel::OnSpans<kernel::ExpitFunction>(x, result);
}

}  // namespace clinnova::core
