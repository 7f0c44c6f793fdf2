// SPDX-License-Identifier: Apache-2.0
// The options of a glm analysis, and the ranges that its rounds begin with.
#pragma once

#include <string>

#include "stats/glm_family.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

struct GlmOptions {
  GlmFamily family;
  std::string robust;
  double confidence_level = 0.95;
  double ridge = 0;    ///< the penalty is ridge / 2 times the sum of squares, intercept left out
  bool firth = false;  ///< see glm_firth.h
};

/// kInvalidInput names the analysis and the option: a word or combination that there is not.
Result<GlmOptions> ReadGlmOptions(const federation::Analysis& analysis);

/// First guesses of the ranges of working weights and scores, as powers of two; a round whose range is too small is
/// repeated with a larger one by Federation::Sum.
struct GlmRanges {
  int weight = 0;
  int score = 0;
  int second = 0;  ///< of the weights of the second information, above weight
  int third = 0;   ///< of the weights of Firth's third moments, above weight
};
GlmRanges GuessGlmRanges(const GlmFamily& family, const ModelFrame& frame);

/// Of an outcome that is no whole number where the family counts: what R warns of as "non-integer x" and "non-integer #successes".
/// Whose it is and how many there are is not said.
std::string AboutFractions(const GlmFamily& family);

}  // namespace clinnova::stats
