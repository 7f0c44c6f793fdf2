// SPDX-License-Identifier: Apache-2.0
// What rows that hang together over two groups (paired_groups.h) add to the sums of a linear mixed model at one theta.
//
//   V = I + Z_1 S_1 Z_1' + Z_2 S_2 Z_2',   M = W'V^-1 W,   ln|V|
//
// Group 1 is taken out: V_1 = I + Z_1 S_1 Z_1', K_c as in random_effects.h, E_c = K_c Z_c, G = Z_2'V_1^-1 Z_2,
// B = G^-1 Z_2'V_1^-1 W, A_c = B_c - Z_c B, K = (G^-1 + S_2)^-1, P = (S_2^-1 + G)^-1, N = I - P G:
//   M    = R'R + (D - B)'Q (D - B) + sum A_c'K_c A_c + B'K B
//   ln|V| = sum ln|I + G_c S_1| + ln|I + G S_2|
//   Z_c'V^-1 W = K_c A_c + E_c N B,   Z_2'V^-1 W = K B
//   Z_c'V^-1 Z_d = [c = d] K_c - E_c P E_d',   Z_c'V^-1 Z_2 = E_c N,   Z_2'V^-1 Z_2 = K
// (R'R is not here), and with H = Z'V^-1 W, T = Z'V^-1 Z:
//   dM_i = -H'dS_i H,   d2M_ij = H'(dS_i T dS_j + dS_j T dS_i - d2S_ij)H,
//   d ln|V|_i = tr(T dS_i),   d2 ln|V|_ij = tr(T d2S_ij) - tr(T dS_i T dS_j).
// Source: D. Bates et al., J. Stat. Softw. 67(1), 2015, for the model.
// Cost for each theta: linear in the clusters; the cube of the effects of the group that is left.
#pragma once

#include <cstddef>

#include "federation/exact_sums.h"
#include "stats/paired_groups.h"

namespace clinnova::stats {

/// Where the sums go: matrices are lower triangles by rows, in the order of ProfileSums.
struct ProfileTarget {
  std::size_t matrices_block = 0;
  std::size_t logarithms_block = 0;
  std::size_t first = 0;     ///< number of the point's first matrix
  bool derivatives = false;  ///< all of them, else the value
};

/// Adds the part at theta, which holds the entries of both groups of `random`.
void AddPairedPart(const PairedPart& part, const RandomPart& random, const double* theta,
                   const ProfileTarget& target, federation::ExactSums& sums);

}  // namespace clinnova::stats
