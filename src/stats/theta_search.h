// SPDX-License-Identifier: Apache-2.0
// How the search for the least deviance of a linear mixed model begins, and how theta is measured on its way: groups, and the
// effects of one, differ in size by orders of magnitude, so that an entry is held against the largest one of its row of L.
#pragma once

#include <vector>

#include "stats/profile_deviance.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

/// Points of theta of which the lowest is usually in the valley of the least deviance. With one entry they are 0 and 63 powers of the
/// root of 2 from 2^-10 on; else all combinations of a few sizes of each group's effects, and, for two effects of one
/// group alone, of correlations.
std::vector<std::vector<double>> ThetaGrid(const RandomPart& part);

/// Newton's step down with theta measured by its rows and curvatures taken as positive: where one is negative, as between two
/// valleys, the step still leads down; where there is hardly any, its length is bounded.
std::vector<double> ThetaStep(const RandomPart& part, const std::vector<double>& theta,
                              const ProfileDeviance& at);
/// The step as a part of theta, of its largest row; a row below 0.05 counts as that.
double ThetaStretch(const RandomPart& part, const std::vector<double>& theta,
                    const std::vector<double>& step);
/// Whether the step moves no row by more than this part, or by more than 1e-12.
bool ThetaStands(const RandomPart& part, const std::vector<double>& theta,
                 const std::vector<double>& step, double tolerance);

}  // namespace clinnova::stats
