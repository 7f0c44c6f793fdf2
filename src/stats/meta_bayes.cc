// SPDX-License-Identifier: Apache-2.0
#include "stats/meta_bayes.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

/// Ends of the panels in units of the prior's scale; the tail beyond 9 has a probability of 2e-19.
constexpr double kPanels[] = {0, 0.002, 0.01, 0.03, 0.1, 0.25, 0.5, 1, 2, 3.5, 6, 9};

/// A normal distribution of the mixture over tau.
struct Component {
  double tau = 0;
  double probability = 0;
  double mean = 0;
  double variance = 0;
};

/// Given tau: ln of prior times marginal likelihood, and the distribution of mu.
struct Conditional {
  double log_density = 0;
  double mean = 0;
  double variance = 0;
};

Conditional Given(const TauNode& node, const MetaPriors& priors, double center) {
  const double prior_precision = 1 / (priors.sd * priors.sd);
  const double prior_mean = priors.mean - center;
  const double precision = prior_precision + node.w;
  const double mean = (prior_precision * prior_mean + node.wy) / precision;
  // The exponent at its minimum: [w (y - m)^2] + (m - prior mean)^2 / sd^2, without the cancellation of the raw squares.
  const double fit = node.wyy - 2 * mean * node.wy + mean * mean * node.w +
                     prior_precision * (mean - prior_mean) * (mean - prior_mean);
  const double scaled = node.tau / priors.tau_scale;
  return {0.5 * node.log_w - 0.5 * core::Log(precision) - 0.5 * fit - 0.5 * scaled * scaled,
          mean + center, 1 / precision};
}

std::vector<Component> Mixture(const std::vector<TauNode>& nodes, const MetaPriors& priors,
                               double center) {
  std::vector<Conditional> given;
  double largest = -std::numeric_limits<double>::infinity();
  for (const TauNode& node : nodes) {
    given.push_back(Given(node, priors, center));
    largest = std::max(largest, given.back().log_density);
  }
  std::vector<Component> mixture;
  double total = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const double mass = nodes[i].weight * core::Exp(given[i].log_density - largest);
    mixture.push_back({nodes[i].tau, mass, given[i].mean, given[i].variance});
    total += mass;
  }
  for (Component& component : mixture) component.probability /= total;
  return mixture;
}

/// The value with P(X <= value) = p, by bisection between bounds.
template <typename Cdf>
double Quantile(Cdf cdf, double low, double high, double p) {
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (cdf(middle) < p ? low : high) = middle;
  }
  return high;
}

/// Of a mixture of normals, whose variances are increased by tau^2 for a prediction.
enum class Of : unsigned char { kMean, kFurtherSite };

Posterior NormalMixture(const std::vector<Component>& mixture, Of of, double level) {
  const auto variance = [&](const Component& c) {
    return c.variance + (of == Of::kFurtherSite ? c.tau * c.tau : 0);
  };
  Posterior posterior;
  for (const Component& c : mixture) posterior.mean += c.probability * c.mean;
  double spread = 0;
  double widest = 0;
  for (const Component& c : mixture) {
    const double distance = c.mean - posterior.mean;
    spread += c.probability * (variance(c) + distance * distance);
    widest = std::max(widest, std::fabs(distance) + 40 * std::sqrt(variance(c)));
  }
  posterior.sd = std::sqrt(spread);
  const auto cdf = [&](double x) {
    double sum = 0;
    for (const Component& c : mixture)
      sum += c.probability * core::NormalCdf((x - c.mean) / std::sqrt(variance(c)));
    return sum;
  };
  const auto quantile = [&](double p) {
    return Quantile(cdf, posterior.mean - widest, posterior.mean + widest, p);
  };
  posterior.median = quantile(0.5);
  posterior.low = quantile((1 - level) / 2);
  posterior.high = quantile((1 + level) / 2);
  return posterior;
}

/// The density of tau between the nodes of a panel is the polynomial through them; its integral gives the
/// distribution function to the quadrature's precision.
class TauDistribution {
 public:
  TauDistribution(const std::vector<Component>& mixture, const std::vector<TauNode>& nodes,
                  double scale)
      : per_panel_(nodes.size() / (std::size(kPanels) - 1)),
        rule_(LegendreNodes(static_cast<int>(per_panel_))),
        scale_(scale) {
    for (std::size_t i = 0; i < nodes.size(); ++i)
      density_.push_back(mixture[i].probability / nodes[i].weight);
    double sum = 0;
    for (std::size_t panel = 0; panel + 1 < std::size(kPanels); ++panel) {
      before_.push_back(sum);
      for (std::size_t i = 0; i < per_panel_; ++i)
        sum += mixture[panel * per_panel_ + i].probability;
    }
  }

  double operator()(double tau) const {
    std::size_t panel = 0;
    while (panel + 2 < std::size(kPanels) && tau >= kPanels[panel + 1] * scale_) ++panel;
    const double low = kPanels[panel] * scale_;
    const double half = (kPanels[panel + 1] * scale_ - low) / 2;
    const double end = std::min((tau - low) / half - 1, 1.0);  // on [-1, 1]
    double sum = 0;
    for (const Legendre& inner : rule_) {
      const double x = -1 + (end + 1) * (inner.node + 1) / 2;
      sum += inner.weight * Density(panel, x);
    }
    return before_[panel] + sum * (end + 1) / 2 * half;
  }

 private:
  /// Lagrange's polynomial in barycentric form.
  double Density(std::size_t panel, double x) const {
    double above = 0;
    double below = 0;
    for (std::size_t i = 0; i < rule_.size(); ++i) {
      const double value = density_[panel * per_panel_ + i];
      const double distance = x - rule_[i].node;
      if (distance == 0) return value;
      // The barycentric weights of Gauss-Legendre nodes: (-1)^i sqrt((1 - x_i^2) w_i).
      const double weight = (i % 2 == 0 ? 1 : -1) *
                            std::sqrt((1 - rule_[i].node * rule_[i].node) * rule_[i].weight) /
                            distance;
      above += weight * value;
      below += weight;
    }
    return above / below;
  }

  std::size_t per_panel_;
  std::vector<Legendre> rule_;
  double scale_;
  std::vector<double> density_;
  std::vector<double> before_;  ///< probability below each panel
};

Posterior OfTau(const std::vector<Component>& mixture, const std::vector<TauNode>& nodes,
                const MetaPriors& priors, double level) {
  Posterior posterior;
  double square = 0;
  for (const Component& c : mixture) {
    posterior.mean += c.probability * c.tau;
    square += c.probability * c.tau * c.tau;
  }
  posterior.sd = std::sqrt(square - posterior.mean * posterior.mean);
  const TauDistribution cdf(mixture, nodes, priors.tau_scale);
  const double end = kPanels[std::size(kPanels) - 1] * priors.tau_scale;
  posterior.median = Quantile(cdf, 0, end, 0.5);
  posterior.low = Quantile(cdf, 0, end, (1 - level) / 2);
  posterior.high = Quantile(cdf, 0, end, (1 + level) / 2);
  return posterior;
}

}  // namespace

// By Newton's method on the polynomial's recurrence.
std::vector<Legendre> LegendreNodes(int n) {
  std::vector<Legendre> rule;
  for (int i = 1; i <= n; ++i) {
    long double x = std::cos(3.14159265358979323846L * (i - 0.25L) / (n + 0.5L));
    long double slope = 1;
    for (int step = 0; step < 30; ++step) {
      long double before = 1;
      long double value = x;
      for (int k = 2; k <= n; ++k) {
        const long double next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
        before = value;
        value = next;
      }
      slope = n * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    rule.push_back(
        {static_cast<double>(x), static_cast<double>(2 / ((1 - x * x) * slope * slope))});
  }
  return rule;
}

std::vector<TauNode> TauNodes(const MetaPriors& priors, int per_panel) {
  const std::vector<Legendre> rule = LegendreNodes(per_panel);
  std::vector<TauNode> nodes;
  for (std::size_t panel = 0; panel + 1 < std::size(kPanels); ++panel) {
    const double low = kPanels[panel] * priors.tau_scale;
    const double half = (kPanels[panel + 1] * priors.tau_scale - low) / 2;
    for (const Legendre& inner : rule) {
      TauNode node;
      node.tau = low + half * (inner.node + 1);
      node.weight = half * inner.weight;
      nodes.push_back(node);
    }
  }
  return nodes;
}

Posterior TauPosterior(const std::vector<TauNode>& nodes, const std::vector<double>& probabilities,
                       const MetaPriors& priors, double level) {
  std::vector<Component> mixture;
  for (std::size_t t = 0; t < nodes.size(); ++t)
    mixture.push_back({.tau = nodes[t].tau, .probability = probabilities[t]});
  return OfTau(mixture, nodes, priors, level);
}

MetaPosterior PosteriorOf(const std::vector<TauNode>& nodes, const MetaPriors& priors,
                          double center, double level) {
  const std::vector<Component> mixture = Mixture(nodes, priors, center);
  return {NormalMixture(mixture, Of::kMean, level), OfTau(mixture, nodes, priors, level),
          NormalMixture(mixture, Of::kFurtherSite, level)};
}

}  // namespace clinnova::stats
