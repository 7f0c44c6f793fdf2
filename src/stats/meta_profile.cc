// SPDX-License-Identifier: Apache-2.0
#include "stats/meta_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

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
constexpr std::size_t kCells = 40;   ///< panels of the integral over mu, for each tau
constexpr int kNodesPerCell = 10;

Result<Layout> ProfileLayout(const Analysis&, const table::Schema&,
                             const MetaProfileParameters& parameters) {
  const std::size_t taus = parameters.taus.size();
  const std::size_t numbers = parameters.mus.size();
  const bool positive = std::all_of(parameters.taus.begin(), parameters.taus.end(),
                                    [](double tau) { return tau > 0 && std::isfinite(tau); });
  if (!positive || taus == 0 || numbers % taus != 0 || numbers > kMostNumbers)
    return Fail(ErrorCode::kRefused, "a grid that no meta-analysis has", "wrong_layout");
  return Layout{{CountBlock("sites", 1), WideBlock("log_likelihoods", numbers)}};
}

Result<void> ProfileEvaluate(const SiteView& site, const MetaProfileParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const auto profile, SiteProfileOf(site, parameters.request));
  if (!profile) return {};
  sums.AddCount(0, 0);
  const std::size_t points = parameters.mus.size() / parameters.taus.size();
  for (std::size_t i = 0; i < parameters.mus.size(); ++i)
    sums.Add(1, i, profile->LogMarginal(parameters.mus[i], parameters.taus[i / points]));
  return {};
}

/// Values of mu that matter at one tau: outside, the posterior's density is nothing beside its largest there.
struct Reach {
  double low = 0;
  double high = 0;

  double width() const { return high - low; }
  double At(double x) const { return (low + high) / 2 + width() / 2 * x; }  ///< x from -1 to 1
};

/// ln of prior times marginal likelihood at the nodes of tau, a polynomial in mu on each one's reach.
class ProfileGrid {
 public:
  ProfileGrid(Federation& federation, const Analysis& analysis, const EstimateRequest& request,
              const MetaPriors& priors)
      : federation_(federation),
        analysis_(analysis),
        parameters_{request, {}, {}},
        priors_(priors),
        nodes_(TauNodes(priors, kTausPerPanel)) {
    // The first and the last node of each panel, to begin with.
    for (std::size_t t = 0; t < nodes_.size(); t += kTausPerPanel) {
      parameters_.taus.push_back(nodes_[t].tau);
      parameters_.taus.push_back(nodes_[t + kTausPerPanel - 1].tau);
    }
    reaches_.assign(parameters_.taus.size(),
                    {priors.mean - 9 * priors.sd, priors.mean + 9 * priors.sd});
  }

  /// One round at `points` values of mu for each tau.
  Result<void> Sum(std::size_t points) {
    points_ = points;
    parameters_.mus.clear();
    for (const Reach& reach : reaches_) {
      for (std::size_t i = 0; i < points; ++i)
        parameters_.mus.push_back(reach.At(ChebyshevPoint(i, points)));
    }
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kMetaProfileStep, parameters_));
    sites_ = sums.Count(0);
    values_ = sums.Numbers(1);
    for (std::size_t i = 0; i < values_.size(); ++i)
      values_[i] += LogPrior(parameters_.mus[i], parameters_.taus[i / points]);
    return {};
  }

  /// Leaves out of each reach what is beyond the points of any weight; true when that was a good part of one.
  bool CloseIn() {
    bool closed = false;
    for (std::size_t t = 0; t < reaches_.size(); ++t) {
      const std::span<const double> values = At(t);
      const double floor = *std::ranges::max_element(values) - kDepth;
      const auto inside = [&](double value) { return value > floor; };
      // Chebyshev's points descend.
      const auto first = std::find_if(values.begin(), values.end(), inside) - values.begin();
      const auto last = static_cast<std::ptrdiff_t>(points_) - 1 -
                        (std::find_if(values.rbegin(), values.rend(), inside) - values.rbegin());
      const double* mus = parameters_.mus.data() + t * points_;
      const double width = reaches_[t].width();
      if (first > 0) reaches_[t].high = mus[first - 1];
      if (last + 1 < static_cast<std::ptrdiff_t>(points_)) reaches_[t].low = mus[last + 1];
      closed = closed || reaches_[t].width() < 0.8 * width;
    }
    return closed;
  }

  /// From now on at all nodes; a panel's have the reach of its first and its last.
  void TakeAllNodes() {
    std::vector<Reach> ends = std::exchange(reaches_, {});
    parameters_.taus.clear();
    for (std::size_t t = 0; t < nodes_.size(); ++t) {
      const std::size_t panel = t / kTausPerPanel;
      parameters_.taus.push_back(nodes_[t].tau);
      reaches_.push_back({std::min(ends[2 * panel].low, ends[2 * panel + 1].low),
                          std::max(ends[2 * panel].high, ends[2 * panel + 1].high)});
    }
  }

  /// The polynomials; how far their ends are from nothing, where tau has any weight.
  double Interpolate() {
    polynomials_.clear();
    double end = 0;
    top_ = *std::ranges::max_element(values_);
    for (std::size_t t = 0; t < reaches_.size(); ++t) {
      const double here = *std::ranges::max_element(At(t));
      std::vector<double> values(At(t).begin(), At(t).end());
      for (double& value : values) value -= top_;
      polynomials_.push_back(ChebyshevCoefficients(values));
      for (std::size_t k = points_ - 3; here > top_ - kDepth && k < points_; ++k)
        end = std::max(end, std::fabs(polynomials_.back()[k]));
    }
    return end;
  }

  std::int64_t sites() const { return sites_; }
  const std::vector<TauNode>& nodes() const { return nodes_; }
  const Reach& reach(std::size_t t) const { return reaches_[t]; }

  /// The posterior density at a node of tau, with the node's weight, up to a constant; mu within its reach.
  double Density(double mu, std::size_t t) const {
    const double x = (2 * mu - reaches_[t].low - reaches_[t].high) / reaches_[t].width();
    return nodes_[t].weight * core::Exp(ChebyshevValue(polynomials_[t], x));
  }

 private:
  double LogPrior(double mu, double tau) const {
    const double z = (mu - priors_.mean) / priors_.sd;
    const double scaled = tau / priors_.tau_scale;
    return -0.5 * z * z - 0.5 * scaled * scaled;
  }
  std::span<const double> At(std::size_t t) const {
    return std::span(values_).subspan(t * points_, points_);
  }

  Federation& federation_;
  const Analysis& analysis_;  // not owned, outlives this
  MetaProfileParameters parameters_;
  MetaPriors priors_;
  std::vector<TauNode> nodes_;
  std::vector<Reach> reaches_;  ///< of the taus that are asked for
  std::size_t points_ = 0;
  std::int64_t sites_ = 0;
  std::vector<double> values_;  ///< per tau, per mu
  double top_ = 0;
  std::vector<std::vector<double>> polynomials_;
};

/// The posterior of a grid whose polynomials are made, by Gauss-Legendre quadrature over mu.
class GridPosterior {
 public:
  GridPosterior(const ProfileGrid& grid, const MetaPriors& priors)
      : grid_(grid), priors_(priors), rule_(LegendreNodes(kNodesPerCell)) {
    for (std::size_t t = 0; t < grid.nodes().size(); ++t) {
      std::vector<double>& before = before_.emplace_back();
      by_tau_.push_back(0);
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        before.push_back(by_tau_[t]);
        by_tau_[t] += Integral(t, End(t, cell), End(t, cell + 1), [](double) { return 1.0; });
      }
      total_ += by_tau_[t];
    }
    mean_ = Expectation([](double mu) { return mu; });
  }

  Posterior Mu(double level) const {
    Posterior posterior{.mean = mean_};
    posterior.sd = std::sqrt(Expectation([&](double mu) { return (mu - mean_) * (mu - mean_); }));
    posterior.median = Quantile(0.5);
    posterior.low = Quantile((1 - level) / 2);
    posterior.high = Quantile((1 + level) / 2);
    return posterior;
  }

  Posterior Tau(double level) const {
    std::vector<double> probabilities;
    for (const double mass : by_tau_) probabilities.push_back(mass / total_);
    return TauPosterior(grid_.nodes(), probabilities, priors_, level);
  }

 private:
  double End(std::size_t t, std::size_t cell) const {
    return grid_.reach(t).At(2 * static_cast<double>(cell) / static_cast<double>(kCells) - 1);
  }

  template <typename Of>
  double Integral(std::size_t t, double low, double high, Of of) const {
    double sum = 0;
    for (const Legendre& node : rule_) {
      const double mu = low + (high - low) * (node.node + 1) / 2;
      sum += node.weight * (high - low) / 2 * grid_.Density(mu, t) * of(mu);
    }
    return sum;
  }

  template <typename Of>
  double Expectation(Of of) const {
    double sum = 0;
    for (std::size_t t = 0; t < by_tau_.size(); ++t) {
      for (std::size_t cell = 0; cell < kCells; ++cell)
        sum += Integral(t, End(t, cell), End(t, cell + 1), of);
    }
    return sum / total_;
  }

  /// The mass at values of mu up to this one.
  double Below(double mu) const {
    double below = 0;
    for (std::size_t t = 0; t < by_tau_.size(); ++t) {
      const Reach& reach = grid_.reach(t);
      if (mu <= reach.low) continue;
      const auto cell = static_cast<std::size_t>((mu - reach.low) / reach.width() * kCells);
      if (cell >= kCells) {
        below += by_tau_[t];
      } else {
        below += before_[t][cell] + Integral(t, End(t, cell), mu, [](double) { return 1.0; });
      }
    }
    return below;
  }

  double Quantile(double p) const {
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (std::size_t t = 0; t < by_tau_.size(); ++t) {
      low = std::min(low, grid_.reach(t).low);
      high = std::max(high, grid_.reach(t).high);
    }
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (Below(middle) < p * total_ ? low : high) = middle;
    }
    return high;
  }

  const ProfileGrid& grid_;  // not owned, outlives this
  MetaPriors priors_;
  std::vector<Legendre> rule_;
  std::vector<std::vector<double>> before_;  ///< by tau: mass below each cell
  std::vector<double> by_tau_;
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
    CLINNOVA_TRY(grid.Sum(kFirstPoints));
    posterior.sites = grid.sites();
    if (posterior.sites < std::max<std::int64_t>(1, fewest)) return posterior;
    closing = grid.CloseIn();
  }
  grid.TakeAllNodes();
  double end = std::numeric_limits<double>::infinity();
  for (std::size_t points = kFirstPoints; points <= kMostPoints && end > kPrecision; points *= 2) {
    CLINNOVA_TRY(grid.Sum(points));
    end = grid.Interpolate();
  }
  posterior.converged = end <= kPrecision;
  const GridPosterior densities(grid, priors);
  posterior.mu = densities.Mu(level);
  posterior.tau = densities.Tau(level);
  return posterior;
}

}  // namespace clinnova::stats
