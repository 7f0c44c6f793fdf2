// SPDX-License-Identifier: Apache-2.0
#include "stats/meta_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/deterministic_math.h"
#include "stats/site_profile.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::WideBlock;

namespace {

constexpr std::size_t kMostNumbers = 20000;
constexpr int kTausPerPanel = 8;
constexpr std::size_t kFirstPoints = 24;
constexpr std::size_t kMostPoints = 192;
constexpr double kDepth = 40;        ///< e^-40 of the largest density is nothing
constexpr double kPrecision = 1e-9;  ///< of a logarithm of the marginal likelihood
constexpr std::size_t kCells = 100;  ///< panels of the integral over mu
constexpr int kNodesPerCell = 10;

Result<Layout> ProfileLayout(const Analysis&, const table::Schema&,
                             const MetaProfileParameters& parameters) {
  const bool positive = std::all_of(parameters.taus.begin(), parameters.taus.end(),
                                    [](double tau) { return tau > 0 && std::isfinite(tau); });
  if (!positive || parameters.mus.size() > kMostNumbers || parameters.taus.size() > kMostNumbers ||
      parameters.mus.size() * parameters.taus.size() > kMostNumbers)
    return Fail(ErrorCode::kRefused, "a grid that no meta-analysis has", "wrong_layout");
  return Layout{{CountBlock("sites", 1),
                 WideBlock("log_likelihoods", parameters.mus.size() * parameters.taus.size())}};
}

Result<void> ProfileEvaluate(const SiteView& site, const MetaProfileParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const auto profile, SiteProfileOf(site, parameters.request));
  if (!profile) return {};
  sums.AddCount(0, 0);
  std::size_t index = 0;
  for (const double tau : parameters.taus) {
    for (const double mu : parameters.mus) sums.Add(1, index++, profile->LogMarginal(mu, tau));
  }
  return {};
}

class ProfileGrid {
 public:
  ProfileGrid(Federation& federation, const Analysis& analysis, const EstimateRequest& request,
              const MetaPriors& priors)
      : federation_(federation),
        analysis_(analysis),
        parameters_{request, {}, {}},
        priors_(priors),
        nodes_(TauNodes(priors, kTausPerPanel)),
        low_(priors.mean - 9 * priors.sd),
        high_(priors.mean + 9 * priors.sd) {}

  /// One round at `points` values of mu; of tau all nodes or the first of each panel.
  Result<void> Sum(std::size_t points, bool every_tau) {
    parameters_.mus.clear();
    parameters_.taus.clear();
    for (std::size_t i = 0; i < points; ++i) {
      parameters_.mus.push_back((low_ + high_) / 2 +
                                (high_ - low_) / 2 * ChebyshevPoint(i, points));
    }
    for (std::size_t t = 0; t < nodes_.size(); t += every_tau ? 1 : kTausPerPanel)
      parameters_.taus.push_back(nodes_[t].tau);
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kMetaProfileStep, parameters_));
    sites_ = sums.Count(0);
    values_ = sums.Numbers(1);
    return {};
  }

  double Prior(double mu, double tau) const {
    const double z = (mu - priors_.mean) / priors_.sd;
    const double scaled = tau / priors_.tau_scale;
    return -0.5 * z * z - 0.5 * scaled * scaled;
  }

  /// Leaves out of [low, high] what is beyond the points of any weight; true when that was a good part.
  bool CloseIn() {
    const std::size_t points = parameters_.mus.size();
    std::vector<double> best(points, -std::numeric_limits<double>::infinity());
    for (std::size_t t = 0; t < parameters_.taus.size(); ++t) {
      for (std::size_t i = 0; i < points; ++i) {
        best[i] = std::max(
            best[i], values_[t * points + i] + Prior(parameters_.mus[i], parameters_.taus[t]));
      }
    }
    const double floor = *std::max_element(best.begin(), best.end()) - kDepth;
    const auto inside = [&](double value) { return value > floor; };
    // Chebyshev's points descend.
    const auto first = std::find_if(best.begin(), best.end(), inside) - best.begin();
    const auto last = static_cast<std::ptrdiff_t>(points) - 1 -
                      (std::find_if(best.rbegin(), best.rend(), inside) - best.rbegin());
    const double width = high_ - low_;
    if (first > 0) high_ = parameters_.mus[static_cast<std::size_t>(first - 1)];
    if (last + 1 < static_cast<std::ptrdiff_t>(points))
      low_ = parameters_.mus[static_cast<std::size_t>(last + 1)];
    return high_ - low_ < 0.8 * width;
  }

  /// The polynomials in mu, one for each tau; how far their ends are from nothing.
  double Interpolate() {
    const std::size_t points = parameters_.mus.size();
    polynomials_.clear();
    double end = 0;
    const double top = *std::max_element(values_.begin(), values_.end());
    for (std::size_t t = 0; t < parameters_.taus.size(); ++t) {
      std::vector<double> values(points);
      for (std::size_t i = 0; i < points; ++i) values[i] = values_[t * points + i] - top;
      polynomials_.push_back(ChebyshevCoefficients(values));
      for (std::size_t k = points - 3; k < points; ++k)
        end = std::max(end, std::fabs(polynomials_.back()[k]));
    }
    return end;
  }

  std::int64_t sites() const { return sites_; }
  double low() const { return low_; }
  double high() const { return high_; }
  const std::vector<TauNode>& nodes() const { return nodes_; }

  /// ln of posterior density at a node of tau, up to a constant.
  double LogDensity(double mu, std::size_t t) const {
    const double x = (2 * mu - low_ - high_) / (high_ - low_);
    return ChebyshevValue(polynomials_[t], x) + Prior(mu, nodes_[t].tau);
  }

 private:
  Federation& federation_;
  const Analysis& analysis_;  // not owned, outlives this
  MetaProfileParameters parameters_;
  MetaPriors priors_;
  std::vector<TauNode> nodes_;
  double low_;
  double high_;
  std::int64_t sites_ = 0;
  std::vector<double> values_;  ///< per tau, per mu
  std::vector<std::vector<double>> polynomials_;
};

/// The posterior of a grid whose polynomials are made, by Gauss-Legendre quadrature over mu.
class GridPosterior {
 public:
  GridPosterior(const ProfileGrid& grid, const MetaPriors& priors)
      : grid_(grid), priors_(priors), rule_(LegendreNodes(kNodesPerCell)) {
    const double width = (grid.high() - grid.low()) / static_cast<double>(kCells);
    for (std::size_t cell = 0; cell <= kCells; ++cell)
      ends_.push_back(grid.low() + static_cast<double>(cell) * width);
    top_ = -std::numeric_limits<double>::infinity();
    for (std::size_t t = 0; t < grid.nodes().size(); ++t) {
      for (const double mu : ends_) top_ = std::max(top_, grid.LogDensity(mu, t));
    }
    by_tau_.assign(grid.nodes().size(), 0.0);
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      before_.push_back(total_);
      for (const Legendre& node : rule_) {
        const double mu = ends_[cell] + width * (node.node + 1) / 2;
        for (std::size_t t = 0; t < by_tau_.size(); ++t) {
          const double mass = node.weight * width / 2 * Density(mu, t);
          by_tau_[t] += mass;
          total_ += mass;
          mean_ += mass * mu;
        }
      }
    }
    mean_ /= total_;
    for (double& mass : by_tau_) mass /= total_;
  }

  Posterior Mu(double level) const {
    Posterior posterior{.mean = mean_};
    double square = 0;
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      square += Integral(ends_[cell], ends_[cell + 1],
                         [&](double mu) { return (mu - mean_) * (mu - mean_); });
    }
    posterior.sd = std::sqrt(square / total_);
    posterior.median = Quantile(0.5);
    posterior.low = Quantile((1 - level) / 2);
    posterior.high = Quantile((1 + level) / 2);
    return posterior;
  }

  Posterior Tau(double level) const { return TauPosterior(grid_.nodes(), by_tau_, priors_, level); }

 private:
  double Density(double mu, std::size_t t) const {
    return grid_.nodes()[t].weight * core::Exp(grid_.LogDensity(mu, t) - top_);
  }

  template <typename Of>
  double Integral(double low, double high, Of of) const {
    double sum = 0;
    for (const Legendre& node : rule_) {
      const double mu = low + (high - low) * (node.node + 1) / 2;
      double density = 0;
      for (std::size_t t = 0; t < by_tau_.size(); ++t) density += Density(mu, t);
      sum += node.weight * (high - low) / 2 * density * of(mu);
    }
    return sum;
  }

  double Quantile(double p) const {
    const double mass = p * total_;
    const auto cell = static_cast<std::size_t>(
        std::upper_bound(before_.begin(), before_.end(), mass) - before_.begin() - 1);
    double low = ends_[cell];
    double high = ends_[cell + 1];
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      const double below =
          before_[cell] + Integral(ends_[cell], middle, [](double) { return 1.0; });
      (below < mass ? low : high) = middle;
    }
    return high;
  }

  const ProfileGrid& grid_;  // not owned, outlives this
  MetaPriors priors_;
  std::vector<Legendre> rule_;
  std::vector<double> ends_;
  std::vector<double> before_;  ///< mass below each cell
  std::vector<double> by_tau_;
  double top_ = 0;
  double total_ = 0;
  double mean_ = 0;
};

}  // namespace

const federation::TypedStep<MetaProfileParameters> kMetaProfileStep{
    "meta.profile", ProfileLayout, ProfileEvaluate, ProfileGuard{}};

Result<ProfilePosterior> PosteriorOfProfiles(Federation& federation, const Analysis& analysis,
                                             const EstimateRequest& request,
                                             const MetaPriors& priors, double level,
                                             std::int64_t fewest) {
  ProfileGrid grid(federation, analysis, request, priors);
  ProfilePosterior posterior;
  bool closing = true;
  while (closing) {
    CLINNOVA_TRY(grid.Sum(kFirstPoints, false));
    posterior.sites = grid.sites();
    if (posterior.sites < std::max<std::int64_t>(1, fewest)) return posterior;
    closing = grid.CloseIn();
  }
  double end = std::numeric_limits<double>::infinity();
  for (std::size_t points = kFirstPoints; points <= kMostPoints && end > kPrecision; points *= 2) {
    CLINNOVA_TRY(grid.Sum(points, true));
    end = grid.Interpolate();
  }
  posterior.converged = end <= kPrecision;
  const GridPosterior densities(grid, priors);
  posterior.mu = densities.Mu(level);
  posterior.tau = densities.Tau(level);
  return posterior;
}

}  // namespace clinnova::stats
