// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_options.h"

#include <algorithm>
#include <cmath>

#include "stats/glm_rows.h"

namespace clinnova::stats {

using federation::Analysis;

Result<GlmFamily> GlmFamilyOf(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string family, analysis.Text("family", "gaussian"));
  CLINNOVA_ASSIGN(const std::string link, analysis.Text("link", ""));
  if (family == "negative_binomial") {
    auto poisson = ParseFamily("poisson", link);
    if (!poisson) {
      return analysis.Wrong("link", "found \"" + link +
                                        "\", expected for family negative_binomial one of log, "
                                        "identity, sqrt");
    }
    poisson->negative_binomial = true;
    return poisson;
  }
  auto parsed = ParseFamily(family, link);
  if (!parsed) {
    Error error = parsed.error();
    if (error.message.starts_with("family: ")) error.message += ", negative_binomial";
    return FailAt("analysis \"" + analysis.name() + "\"",
                  Result<GlmFamily>(tl::unexpected<Error>(std::move(error))));
  }
  return parsed;
}

namespace {

/// Penalties that do not go together with something else.
Result<void> CheckPenalties(const Analysis& analysis, const GlmOptions& options) {
  if (!(options.ridge >= 0) || !std::isfinite(options.ridge)) {
    return analysis.Wrong("ridge", "found a negative number, expected 0 or more");
  }
  if (analysis.Has("cluster") && options.robust != "cluster") {
    return analysis.Wrong("cluster", "expected robust = \"cluster\" beside it");
  }
  if (options.firth) {
    const bool logistic = options.family.family == Family::kBinomial &&
                          options.family.link == Link::kLogit && !options.family.quasi;
    if (!logistic)
      return analysis.Wrong("firth", "needs family = \"binomial\" with its logit link");
    if (options.ridge > 0)
      return analysis.Wrong("firth", "found beside ridge, expected one of them");
    if (options.robust != "none") {
      return analysis.Wrong("robust", "found beside firth, expected \"none\"");
    }
  }
  if (options.ridge > 0 && options.family.negative_binomial) {
    return analysis.Wrong("ridge", "is not there yet for family negative_binomial");
  }
  if (options.ridge > 0 && options.robust != "none") {
    return analysis.Wrong("robust", "found beside ridge, expected \"none\"");
  }
  return {};
}

}  // namespace

Result<GlmOptions> ReadGlmOptions(const Analysis& analysis) {
  GlmOptions options;
  CLINNOVA_ASSIGN(options.family, GlmFamilyOf(analysis));
  constexpr std::string_view kRobust[] = {"none", "HC0", "HC1", "cluster"};
  CLINNOVA_ASSIGN(options.robust, analysis.Choice("robust", kRobust));
  CLINNOVA_ASSIGN(options.confidence_level, analysis.Number("conf_level", 0.95));
  CLINNOVA_ASSIGN(options.ridge, analysis.Number("ridge", 0));
  CLINNOVA_ASSIGN(options.firth, analysis.Flag("firth", false));
  CLINNOVA_TRY(CheckPenalties(analysis, options));
  return options;
}

GlmRanges GuessGlmRanges(const GlmFamily& family, const ModelFrame& frame) {
  int y = 1;
  for (const int exponent : frame.response_exponents()) y = std::max(y, exponent);
  const bool counts = frame.response_exponents().size() == 2;
  const int prior = frame.weights_exponent() + (counts ? y + 1 : 0);
  const int outcome = counts ? 1 : frame.response_exponents().front() + 1;
  switch (family.family) {
    case Family::kBinomial: return {prior + 2, prior + 4};
    case Family::kPoisson:
      return family.link == Link::kLog
                 ? GlmRanges{prior + std::max(outcome, 1) + 1, prior + outcome + 6}
                 : GlmRanges{prior + 6, prior + outcome + 10};
    case Family::kGamma:
      if (family.link == Link::kLog) return {prior, prior + 8};
      if (family.link == Link::kInverse) return {prior + 2 * outcome + 2, prior + outcome + 2};
      return {prior - 2 * outcome + 16, prior - outcome + 16};
    case Family::kGaussian:
      if (family.link == Link::kIdentity) return {prior, prior + outcome + 1};
      if (family.link == Link::kLog) return {prior + 2 * outcome + 2, prior + 2 * outcome + 4};
      return {prior + 4 * outcome + 4, prior + 3 * outcome + 6};
  }
  return {};
}

std::string AboutFractions(const GlmFamily& family) {
  if (family.family == Family::kBinomial) {
    return "the successes, of a fraction those among its weight, are not whole numbers in all "
           "rows: log_lik, aic and bic are those of rounded ones, as in R";
  }
  if (family.negative_binomial) {
    return "the outcome is not a whole number in all rows, as counts are: the likelihood is that "
           "of the formula for counts, as in R";
  }
  return "the outcome is not a whole number in all rows, as counts are: it has no likelihood of "
         "Poisson's, so that log_lik, aic and bic are not given (family = \"quasipoisson\" asks "
         "for none)";
}

}  // namespace clinnova::stats
