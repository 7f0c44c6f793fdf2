// SPDX-License-Identifier: Apache-2.0
// The only file that includes Boost.Math: it is slow to compile. Everything is evaluated in long double,
// because a tail such as x^(df / 2) multiplies the rounding of x by the degrees of freedom.
#include "core/distributions.h"

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <limits>

#include "core/deterministic_math.h"

namespace clinnova::core {
namespace {

using Wide = long double;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Past this many degrees of freedom a t or F distribution is its limit to within a double.
constexpr double kAsGoodAsInfinite = 1e20;

/// Boost answers with NaN or infinity and never throws.
using NoThrow = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
    boost::math::policies::rounding_error<boost::math::policies::ignore_error>,
    boost::math::policies::indeterminate_result_error<boost::math::policies::ignore_error>>;

double Magnitude(double x) { return x < 0.0 ? -x : x; }
bool IsPositiveFinite(double x) { return x > 0.0 && x < kInfinity; }
bool IsProbability(double p) { return p >= 0.0 && p <= 1.0; }

/// P(X <= x) of the beta distribution; x comes with 1 - x, so that neither loses digits.
double BetaLower(Wide x, Wide complement, Wide a, Wide b) {
  return static_cast<double>(x <= complement ? boost::math::ibeta(a, b, x, NoThrow())
                                             : boost::math::ibetac(b, a, complement, NoThrow()));
}

}  // namespace

double NormalUpperTail(double z) { return NormalCdf(-z); }
double NormalTwoSidedP(double z) { return 2.0 * NormalCdf(-Magnitude(z)); }

double StudentTTwoSidedP(double t, double degrees_of_freedom) {
  if (!(degrees_of_freedom > 0.0) || t != t) return kNaN;
  if (degrees_of_freedom > kAsGoodAsInfinite) return NormalTwoSidedP(t);
  if (Magnitude(t) == kInfinity) return 0.0;
  const Wide df = degrees_of_freedom;
  const Wide square = static_cast<Wide>(t) * t;
  return BetaLower(df / (df + square), square / (df + square), df / 2, 0.5L);
}

double StudentTUpperTail(double t, double degrees_of_freedom) {
  const double half = 0.5 * StudentTTwoSidedP(t, degrees_of_freedom);
  return t < 0.0 ? 1.0 - half : half;
}

double StudentTQuantile(double p, double degrees_of_freedom) {
  if (!(degrees_of_freedom > 0.0) || !IsProbability(p)) return kNaN;
  if (p == 0.0) return -kInfinity;
  if (p == 1.0) return kInfinity;
  if (degrees_of_freedom > kAsGoodAsInfinite) return NormalQuantile(p);
  const boost::math::students_t_distribution<Wide, NoThrow> distribution(degrees_of_freedom);
  return static_cast<double>(boost::math::quantile(distribution, static_cast<Wide>(p)));
}

double ChiSquaredUpperTail(double x, double degrees_of_freedom) {
  return GammaUpperTail(0.5 * x, 0.5 * degrees_of_freedom);
}

double ChiSquaredQuantile(double p, double degrees_of_freedom) {
  if (!IsPositiveFinite(degrees_of_freedom) || !IsProbability(p)) return kNaN;
  if (p == 1.0) return kInfinity;
  const Wide shape = static_cast<Wide>(degrees_of_freedom) / 2;
  return static_cast<double>(2 * boost::math::gamma_p_inv(shape, static_cast<Wide>(p), NoThrow()));
}

double FUpperTail(double x, double numerator_df, double denominator_df) {
  if (!(numerator_df > 0.0) || !(denominator_df > 0.0) || x != x) return kNaN;
  if (x <= 0.0) return 1.0;
  if (x == kInfinity) return 0.0;
  const Wide a = numerator_df;
  const Wide b = denominator_df;
  if (numerator_df > kAsGoodAsInfinite && denominator_df > kAsGoodAsInfinite) {
    return x < 1.0 ? 1.0 : (x == 1.0 ? 0.5 : 0.0);
  }
  if (denominator_df > kAsGoodAsInfinite) {
    return static_cast<double>(boost::math::gamma_q(a / 2, a * x / 2, NoThrow()));
  }
  if (numerator_df > kAsGoodAsInfinite) {
    return static_cast<double>(
        boost::math::gamma_p(b / 2, b / (2 * static_cast<Wide>(x)), NoThrow()));
  }
  return BetaLower(b / (b + a * x), a * x / (b + a * x), b / 2, a / 2);
}

double GammaUpperTail(double x, double shape) {
  if (!IsPositiveFinite(shape) || x != x) return kNaN;
  if (x <= 0.0) return 1.0;
  if (x == kInfinity) return 0.0;
  return static_cast<double>(
      boost::math::gamma_q(static_cast<Wide>(shape), static_cast<Wide>(x), NoThrow()));
}

double GammaLowerTail(double x, double shape) {
  if (!IsPositiveFinite(shape) || x != x) return kNaN;
  if (x <= 0.0) return 0.0;
  if (x == kInfinity) return 1.0;
  return static_cast<double>(
      boost::math::gamma_p(static_cast<Wide>(shape), static_cast<Wide>(x), NoThrow()));
}

double BetaLowerTail(double x, double a, double b) {
  if (!IsPositiveFinite(a) || !IsPositiveFinite(b) || x != x) return kNaN;
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  return BetaLower(x, 1 - static_cast<Wide>(x), a, b);
}

double BetaQuantile(double p, double a, double b) {
  if (!IsPositiveFinite(a) || !IsPositiveFinite(b) || !IsProbability(p)) return kNaN;
  return static_cast<double>(boost::math::ibeta_inv(static_cast<Wide>(a), static_cast<Wide>(b),
                                                    static_cast<Wide>(p), NoThrow()));
}

}  // namespace clinnova::core
