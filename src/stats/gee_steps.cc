// SPDX-License-Identifier: Apache-2.0
#include "stats/gee_steps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/clustered_rows.h"
#include "stats/glm_family.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Guard;
using federation::Layout;
using federation::Rule;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::kBatchRows;

Result<GeeOptions> GeeOptionsOf(const Analysis& analysis) {
  GeeOptions options;
  constexpr std::string_view kCorrelations[] = {"independence", "exchangeable", "ar1"};
  constexpr std::string_view kLags[] = {"time", "order"};
  CLINNOVA_ASSIGN(const std::string correlation, analysis.Choice("correlation", kCorrelations));
  CLINNOVA_ASSIGN(const std::string lag, analysis.Choice("lag", kLags));
  CLINNOVA_ASSIGN(options.id, analysis.Text("id"));
  CLINNOVA_ASSIGN(options.time, analysis.Text("time", ""));
  if (correlation == "exchangeable") options.correlation = WorkingCorrelation::kExchangeable;
  if (correlation == "ar1") options.correlation = WorkingCorrelation::kAr1;
  options.lag_in_order = lag == "order";
  if (options.correlation == WorkingCorrelation::kAr1 && options.time.empty()) {
    return analysis.Wrong("time", "correlation \"ar1\" needs the column that orders an id's rows");
  }
  return options;
}

namespace {

Result<GlmFamily> FamilyOf(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string family, analysis.Text("family", "gaussian"));
  CLINNOVA_ASSIGN(const std::string link, analysis.Text("link", ""));
  auto parsed = ParseFamily(family, link);
  if (!parsed) return FailAt("analysis \"" + analysis.name() + "\"", parsed);
  return parsed;
}

/// dV / dmu.
double VarianceSlope(Family family, double mu) {
  switch (family) {
    case Family::kGaussian: return 0;
    case Family::kBinomial: return 1 - 2 * mu;
    case Family::kPoisson: return 1;
    case Family::kGamma: return 2 * mu;
  }
  return 0;
}

/// alpha^lag; lags are whole unless alpha is positive.
double Power(double alpha, double lag) {
  if (lag == 0) return 1;
  if (lag != std::nearbyint(lag) || lag > 4096) return alpha > 0 ? core::Pow(alpha, lag) : 0;
  double power = 1;
  double square = alpha;
  for (auto left = static_cast<unsigned>(lag); left > 0; left /= 2, square *= square) {
    if (left % 2 == 1) power *= square;
  }
  return power;
}

/// An eigenvalue of a correlation matrix that is no larger is 0 but for rounding.
constexpr double kSingular = 1e-11;

/// One cluster on the scale of its standard deviations.
struct ClusterWork {
  std::size_t p = 0;
  std::size_t rows = 0;
  std::vector<double> d;  ///< row by row
  std::vector<double> e;
  std::vector<double> h;  ///< de / dbeta = -h D
  std::vector<double> time;

  const double* row(std::size_t r) const { return d.data() + r * p; }
};

/// Weighted rows waiting to be added to score and information, column by column.
class PendingRows {
 public:
  PendingRows(std::size_t p, ExactSums& sums)
      : p_(p), x_(p * kBatchRows), weight_(kBatchRows), score_(kBatchRows), sums_(sums) {}
  ~PendingRows() { Flush(); }
  PendingRows(const PendingRows&) = delete;
  PendingRows& operator=(const PendingRows&) = delete;

  void Add(const double* row, double outcome, double weight) {
    for (std::size_t j = 0; j < p_; ++j) x_[j * kBatchRows + filled_] = row[j];
    weight_[filled_] = weight;
    score_[filled_] = weight * outcome;
    if (++filled_ == kBatchRows) Flush();
  }

 private:
  void Flush() {
    const federation::ColumnsView x{x_.data(), kBatchRows, p_};
    sums_.AddWeightedColumns(kGeeScore, 0, x, score_.data(), filled_);
    sums_.AddWeightedGram(kGeeInformation, 0, x, weight_.data(), filled_);
    filled_ = 0;
  }

  std::size_t p_;
  std::vector<double> x_;
  std::vector<double> weight_;
  std::vector<double> score_;
  std::size_t filled_ = 0;
  ExactSums& sums_;  // not owned
};

class ClusterEquations {
 public:
  ClusterEquations(const ClusteredRows& rows, const GlmFamily& family, const GeeOptions& options,
                   const GeeParameters& parameters, ExactSums& sums)
      : rows_(rows),
        family_(family),
        options_(options),
        parameters_(parameters),
        sums_(sums),
        pending_(rows.columns, sums),
        sum_(rows.columns + 1),
        u_(rows.columns + 2) {
    work_.p = rows.columns;
  }

  void Add(std::size_t cluster) {
    const std::size_t size = rows_.size(cluster);
    sums_.AddCount(kGeeCounts, kGeeClusters);
    sums_.AddCount(kGeeCounts, kGeeRows, static_cast<std::int64_t>(size));
    sums_.AddCount(kGeeCounts, kGeePairs, static_cast<std::int64_t>(size * (size - 1) / 2));
    if (parameters_.sizes) sums_.AddCount(kGeeSizes, std::min(size, kLargestClusterSize) - 1);
    if (!Prepare(cluster)) return;
    std::fill(u_.begin(), u_.end(), 0.0);
    switch (Correlation()) {
      case WorkingCorrelation::kIndependence: AddIndependent(); break;
      case WorkingCorrelation::kExchangeable: AddExchangeable(); break;
      case WorkingCorrelation::kAr1: AddAutoregressive(); break;
    }
    if (parameters_.mode != GeeParameters::Mode::kStart) AddMoments();
    if (parameters_.mode == GeeParameters::Mode::kVariances) {
      const double one = 1;
      sums_.AddWeightedGram(kGeeMeat, 0, {u_.data(), 1, u_.size()}, &one, 1);
    }
  }

 private:
  WorkingCorrelation Correlation() const {
    return parameters_.mode == GeeParameters::Mode::kStart ? WorkingCorrelation::kIndependence
                                                           : options_.correlation;
  }

  /// The cluster's residuals; false when the family does not allow an outcome or a mean.
  bool Prepare(std::size_t cluster) {
    const std::size_t p = work_.p;
    work_.rows = rows_.size(cluster);
    work_.d.resize(work_.rows * p);
    work_.e.resize(work_.rows);
    work_.h.resize(work_.rows);
    work_.time.resize(work_.rows);
    bool valid = true;
    for (std::size_t i = 0; i < work_.rows; ++i) {
      const std::size_t r = rows_.first[cluster] + i;
      valid = PrepareRow(r, i) && valid;
      work_.time[i] = options_.lag_in_order ? static_cast<double>(i) : rows_.time[r];
      sums_.AddCount(kGeeCounts, kGeeZero, rows_.y[r] == 0);
      sums_.AddCount(kGeeCounts, kGeeOne, rows_.y[r] == 1);
      if (i == 0 || options_.correlation != WorkingCorrelation::kAr1) continue;
      const double lag = rows_.time[r] - rows_.time[r - 1];
      sums_.AddCount(kGeeCounts, kGeeTied, lag == 0);
      sums_.AddCount(kGeeCounts, kGeeFractionalLag, lag != std::nearbyint(lag));
      valid = valid && lag != 0;
    }
    return valid;
  }

  bool PrepareRow(std::size_t r, std::size_t i) {
    const double* x = rows_.row(r);
    const double y = rows_.y[r];
    if (!ValidResponse(family_, y)) {
      sums_.AddCount(kGeeCounts, kGeeInvalidResponse);
      return false;
    }
    const bool start = parameters_.mode == GeeParameters::Mode::kStart;
    double eta = rows_.offset[r];
    for (std::size_t j = 0; j < work_.p; ++j) eta += parameters_.beta[j] * x[j];
    if (start) eta = LinkValue(family_.link, StartingMean(family_.family, y, 1));
    double mu = 0;
    double slope = 0;
    InverseLink(family_.link, &eta, 1, &mu, &slope);
    if (!ValidMean(family_.family, mu) || !std::isfinite(slope)) {
      sums_.AddCount(kGeeCounts, kGeeInvalidMean);
      return false;
    }
    const double root = std::sqrt(Variance(family_.family, mu));
    const double factor = slope / root;
    for (std::size_t j = 0; j < work_.p; ++j) work_.d[i * work_.p + j] = factor * x[j];
    work_.e[i] = (y - mu) / root;
    work_.h[i] = 1 + work_.e[i] * VarianceSlope(family_.family, mu) / (2 * root);
    // The first step solves for the working response.
    if (start) work_.e[i] += factor * (eta - rows_.offset[r]);
    return true;
  }

  void AddRow(const double* row, double outcome, double weight) {
    pending_.Add(row, outcome, weight);
    for (std::size_t j = 0; j < work_.p; ++j) u_[j] += weight * outcome * row[j];
  }

  void AddIndependent() {
    for (std::size_t i = 0; i < work_.rows; ++i) AddRow(work_.row(i), work_.e[i], 1);
  }

  /// Counts a cluster whose working correlation has an eigenvalue that is not above 0; true where one is 0 but for rounding,
  /// so that it has no inverse.
  bool IsSingular(double one_eigenvalue, double another) {
    const double least = std::min(one_eigenvalue, another);
    sums_.AddCount(kGeeCounts, kGeeIndefinite, !(least > kSingular));
    return std::fabs(one_eigenvalue) <= kSingular || std::fabs(another) <= kSingular;
  }

  void AddExchangeable() {
    // R^-1 = (I - alpha / (1 + (n - 1) alpha) 1 1') / (1 - alpha).
    const double alpha = parameters_.alpha;
    const auto n = static_cast<double>(work_.rows);
    const double all = 1 + (n - 1) * alpha;
    if (work_.rows > 1 && IsSingular(1 - alpha, all)) return;
    const double weight = work_.rows == 1 ? 1 : 1 / (1 - alpha);
    std::fill(sum_.begin(), sum_.end(), 0.0);
    for (std::size_t i = 0; i < work_.rows; ++i) {
      AddRow(work_.row(i), work_.e[i], weight);
      for (std::size_t j = 0; j < work_.p; ++j) sum_[j] += work_.row(i)[j];
      sum_.back() += work_.e[i];
    }
    if (work_.rows == 1) return;
    AddRow(sum_.data(), sum_.back(), -weight * alpha / all);
  }

  void AddAutoregressive() {
    double least = 1;  // what is left of a row's variance when the one before is known
    for (std::size_t i = 1; i < work_.rows; ++i) {
      const double rho = Power(parameters_.alpha, work_.time[i] - work_.time[i - 1]);
      least = std::min(least, (1 - rho) * (1 + rho));
    }
    if (IsSingular(least, 1)) return;
    AddRow(work_.row(0), work_.e[0], 1);
    for (std::size_t i = 1; i < work_.rows; ++i) {
      const double rho = Power(parameters_.alpha, work_.time[i] - work_.time[i - 1]);
      const double left = (1 - rho) * (1 + rho);
      for (std::size_t j = 0; j < work_.p; ++j) {
        sum_[j] = work_.row(i)[j] - rho * work_.row(i - 1)[j];
      }
      AddRow(sum_.data(), work_.e[i] - rho * work_.e[i - 1], 1 / left);
    }
  }

  /// Sums over the cluster's pairs, numbered as GeeMoment; `cross` gets the derivative of the products in beta.
  using PairSums = std::array<double, kGeeMomentSize>;
  void AddPair(std::size_t i, std::size_t j, PairSums& pairs, std::vector<double>& cross) const {
    const double lag = work_.time[i] - work_.time[j];
    const bool ar1 = Correlation() == WorkingCorrelation::kAr1;
    const double rho = ar1 ? Power(parameters_.alpha, lag) : parameters_.alpha;
    const double slope = ar1 ? lag * Power(parameters_.alpha, lag - 1) : 1;
    const double product = work_.e[i] * work_.e[j];
    pairs[kPairProducts] += slope * product;
    pairs[kPairExpected] += slope * rho;
    pairs[kPairWeights] += slope * slope;
    if (ar1 && lag != 1) {
      const double curve = lag * (lag - 1) * Power(parameters_.alpha, lag - 2);
      pairs[kCurvedProducts] += curve * product;
      pairs[kCurvedExpected] += curve * rho;
    }
    if (parameters_.mode != GeeParameters::Mode::kVariances) return;
    const double on_i = slope * work_.h[i] * work_.e[j];
    const double on_j = slope * work_.h[j] * work_.e[i];
    for (std::size_t m = 0; m < work_.p; ++m) {
      cross[m] -= on_i * work_.row(i)[m] + on_j * work_.row(j)[m];
    }
  }

  /// Residual moments of the cluster, and with kVariances the scores U2 and U3 of scale and alpha.
  void AddMoments() {
    PairSums pairs{};
    std::fill(sum_.begin(), sum_.end(), 0.0);
    for (std::size_t i = 0; i < work_.rows; ++i) {
      pairs[kSquares] += work_.e[i] * work_.e[i];
      const bool paired = Correlation() != WorkingCorrelation::kIndependence;
      for (std::size_t j = 0; paired && j < i; ++j) AddPair(i, j, pairs, sum_);
    }
    for (std::size_t moment = 0; moment < pairs.size(); ++moment) {
      sums_.Add(kGeeMoments, moment, pairs[moment]);
    }
    if (parameters_.mode == GeeParameters::Mode::kVariances) {
      AddScores(pairs[kSquares], pairs[kPairProducts], pairs[kPairExpected]);
    }
  }

  void AddScores(double squares, double products, double expected) {
    const std::size_t p = work_.p;
    const double scale = parameters_.scale;
    for (std::size_t m = 0; m < p; ++m) {
      double slope = 0;
      for (std::size_t i = 0; i < work_.rows; ++i) {
        slope -= 2 * work_.e[i] * work_.h[i] * work_.row(i)[m];
      }
      sums_.Add(kGeeCross, m, slope);
      sums_.Add(kGeeCross, p + m, sum_[m]);
    }
    const double root = std::sqrt(scale) * parameters_.slope;
    for (std::size_t m = 0; m < p; ++m) u_[m] /= root;
    u_[p] = squares / scale - static_cast<double>(work_.rows);
    u_[p + 1] = products / scale - expected;
  }

  const ClusteredRows& rows_;        // not owned
  const GlmFamily& family_;          // not owned
  const GeeOptions& options_;        // not owned
  const GeeParameters& parameters_;  // not owned
  ExactSums& sums_;                  // not owned
  PendingRows pending_;
  ClusterWork work_;
  std::vector<double> sum_;
  std::vector<double> u_;
};

Result<Layout> GeeLayout(const Analysis&, const table::Schema&, const GeeParameters& parameters) {
  const std::size_t p = parameters.claim.center.size();
  if (parameters.beta.size() != p) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  const bool variances = parameters.mode == GeeParameters::Mode::kVariances;
  return Layout{{ScaledBlock("score", p, static_cast<int>(parameters.score_exponent)),
                 ScaledBlock("information", p * (p + 1) / 2,
                             static_cast<int>(parameters.information_exponent)),
                 WideBlock("moments", kGeeMomentSize), CountBlock("counts", kGeeCountSize),
                 ScaledBlock("meat", variances ? (p + 2) * (p + 3) / 2 : 0,
                             static_cast<int>(parameters.meat_exponent)),
                 WideBlock("cross", variances ? 2 * p : 0),
                 CountBlock("sizes", parameters.sizes ? kLargestClusterSize : 0)}};
}

Result<void> HoldGee(const SiteView& site, const GeeParameters& parameters) {
  CLINNOVA_TRY(SiteFrameOf(site, parameters.claim));
  if (!parameters.sizes) return {};
  return Fail(ErrorCode::kRefused, "sizes of clusters, which tell of single persons",
              "extreme_value");
}

Result<void> GeeEvaluate(const SiteView& site, const GeeParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const GlmFamily family, FamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const GeeOptions options, GeeOptionsOf(site.analysis));
  CLINNOVA_ASSIGN(
      const std::shared_ptr<const ClusteredRows> rows,
      ClusteredRowsOf(site, parameters.claim, {.group = options.id, .time = options.time}));
  struct Nothing {};
  return federation::ForEachBatch<Nothing>(
      rows->clusters(), site.threads, sums,
      [&](std::size_t first, std::size_t count, Nothing&, ExactSums& mine) -> Result<void> {
        ClusterEquations equations(*rows, family, options, parameters, mine);
        for (std::size_t c = first; c < first + count; ++c) equations.Add(c);
        return {};
      });
}

}  // namespace

const federation::TypedStep<GeeParameters> kGeeStep{
    "gee.score", GeeLayout, GeeEvaluate,
    Guard<GeeParameters>{FrameRules({Rule::kSinglePersons}), HoldGee}};

}  // namespace clinnova::stats
