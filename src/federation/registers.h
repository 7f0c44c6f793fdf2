// SPDX-License-Identifier: Apache-2.0
// Kernels over vectors of as many numbers as one register of the processor takes: eight doubles with AVX-512, four with
// AVX2, two elsewhere. GCC keeps a wider vector in memory, at an eighth of the speed.
//
//   template <std::size_t kWidth>
//   [[gnu::always_inline]] inline void ScaleBy(double factor, double* values) {   // eight of them
//     for (std::size_t at = 0; at < kLanes; at += kWidth) {
//       Register<double, kWidth> x;
//       std::memcpy(&x, values + at, sizeof x);
//       x *= factor;
//       std::memcpy(values + at, &x, sizeof x);
//     }
//   }
//   CLINNOVA_FOR_REGISTERS(void, Scale, (double factor, double* values), (factor, values))   // Scale(2, values)
//
// Whatever the width, a number goes through the same operations, so that all processors give the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace clinnova::federation {

/// Numbers that kernels work on at once, in one register or in several.
inline constexpr std::size_t kLanes = 8;

template <typename Number, std::size_t kWidth>
struct RegisterOf {
  typedef Number Type __attribute__((vector_size(kWidth * sizeof(Number))));
};
template <typename Number, std::size_t kWidth>
using Register = typename RegisterOf<Number, kWidth>::Type;

}  // namespace clinnova::federation

/// Defines a function that calls the kernel named after it, …By<kWidth>, with the processor's width.
#define CLINNOVA_FOR_REGISTERS(type, name, parameters, arguments)                           \
  __attribute__((target("avx512f"))) type name parameters { return name##By<8> arguments; } \
  __attribute__((target("avx2"))) type name parameters { return name##By<4> arguments; }    \
  __attribute__((target("default"))) type name parameters { return name##By<2> arguments; }
