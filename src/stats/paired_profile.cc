// SPDX-License-Identifier: Apache-2.0
#include "stats/paired_profile.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "stats/profile_deviance.h"

namespace clinnova::stats {
namespace {

/// The first and second derivatives of L L' of one group.
struct GroupDerivatives {
  GroupDerivatives(CovarianceShape shape_, const double* theta_)
      : shape(std::move(shape_)), theta(theta_), lambda(LowerTriangular(shape, theta)) {
    for (std::size_t i = 0; i < shape.entries.size(); ++i) {
      first.push_back(CovarianceDerivative(shape, lambda, i));
    }
  }
  SmallMatrix Second(std::size_t i, std::size_t j) const {
    return CovarianceCurvature(shape, i, j);
  }
  std::size_t count() const { return first.size(); }

  CovarianceShape shape;
  const double* theta;  // not owned
  SmallMatrix lambda;
  std::vector<SmallMatrix> first;
};

/// factor * left'right, lower triangle, added to `to`; of a symmetric product.
void AddProduct(const DenseMatrix& left, const DenseMatrix& right, double factor,
                std::vector<double>& to) {
  for (std::size_t m = 0; m < left.rows; ++m) {
    std::size_t cell = 0;
    for (std::size_t i = 0; i < left.columns; ++i) {
      const double scaled = factor * left.at(m, i);
      for (std::size_t j = 0; j <= i; ++j) to[cell++] += scaled * right.at(m, j);
    }
  }
}

/// factor * (left'right + right'left).
void AddBothProducts(const DenseMatrix& left, const DenseMatrix& right, double factor,
                     std::vector<double>& to) {
  AddProduct(left, right, factor, to);
  AddProduct(right, left, factor, to);
}

/// `block` on each level's rows of b.
DenseMatrix ApplyBlocks(const SmallMatrix& block, std::size_t effects, const DenseMatrix& b) {
  DenseMatrix result(b.rows, b.columns);
  for (std::size_t i = 0; i < b.rows; ++i) {
    const std::size_t level = i / effects * effects;
    for (std::size_t m = 0; m < effects; ++m) {
      const double factor = block.at(i - level, m);
      if (factor == 0) continue;
      for (std::size_t j = 0; j < b.columns; ++j) result.at(i, j) += factor * b.at(level + m, j);
    }
  }
  return result;
}

DenseMatrix Times(const SmallMatrix& a, const DenseMatrix& b) { return ApplyBlocks(a, b.rows, b); }

double TraceOfBlocks(const DenseMatrix& a, const SmallMatrix& block, std::size_t effects) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rows; ++i) {
    const std::size_t level = i / effects * effects;
    for (std::size_t m = 0; m < effects; ++m) sum += a.at(i, level + m) * block.at(m, i - level);
  }
  return sum;
}

class PartAt {
 public:
  PartAt(const PairedPart& part, const RandomPart& random, const double* theta)
      : part_(part),
        size_(part.levels * part.effects),
        first_count_(random.groups[0].parameters()),
        own_(random.groups[part.eliminated].Shape(), theta + (part.eliminated * first_count_)),
        other_(random.groups[1 - part.eliminated].Shape(),
               theta + ((1 - part.eliminated) * first_count_)),
        triangle_(part.columns * (part.columns + 1) / 2) {}

  void Add(const ProfileTarget& target, federation::ExactSums& sums) {
    const std::size_t k = own_.count() + other_.count();
    const std::size_t matrices = DerivativeCount(k, target.derivatives);
    products_.assign(matrices, std::vector<double>(triangle_));
    logarithms_.assign(matrices, 0.0);
    Value();
    if (target.derivatives) {
      Invert();
      Differentiate();
    }
    for (std::size_t which = 0; which < matrices; ++which) {
      sums.Add(target.logarithms_block, target.first + which, logarithms_[which]);
      for (std::size_t i = 0; i < triangle_; ++i) {
        sums.Add(target.matrices_block, (target.first + which) * triangle_ + i,
                 products_[which][i]);
      }
    }
  }

 private:
  // Places of derivatives: theta has the first group's entries before those of the second.
  std::size_t OwnAt(std::size_t i) const { return i + part_.eliminated * first_count_; }
  std::size_t OtherAt(std::size_t i) const { return i + (1 - part_.eliminated) * first_count_; }
  std::size_t Pair(std::size_t i, std::size_t j) const {
    return SecondDerivativeAt(own_.count() + other_.count(), i, j);
  }
  std::size_t Place(const PairedCluster& cluster, std::size_t m) const {
    return cluster.levels[m / part_.effects] * part_.effects + m % part_.effects;
  }
  /// The rows of b at the cluster's levels.
  DenseMatrix Picked(const PairedCluster& cluster, const DenseMatrix& b) const {
    DenseMatrix picked(cluster.z.columns, b.columns);
    for (std::size_t m = 0; m < picked.rows; ++m) {
      const double* from = b.row(Place(cluster, m));
      std::copy(from, from + b.columns, picked.row(m));
    }
    return picked;
  }
  enum class Columns { kAsTheyAre, kOfLevels };
  /// Adds left'right to the rows (and columns) of the cluster's levels.
  void Scatter(const PairedCluster& cluster, const DenseMatrix& left, const DenseMatrix& right,
               Columns columns, DenseMatrix& to) const {
    for (std::size_t m = 0; m < left.columns; ++m) {
      double* row = to.row(Place(cluster, m));
      for (std::size_t a = 0; a < left.rows; ++a) {
        const double factor = left.at(a, m);
        for (std::size_t j = 0; j < right.columns; ++j) {
          row[columns == Columns::kOfLevels ? Place(cluster, j) : j] += factor * right.at(a, j);
        }
      }
    }
  }

  void Value() {
    gram_ = part_.left_gram;
    DenseMatrix right = Multiply(part_.left_gram, part_.left_coefficients);
    for (const PairedCluster& cluster : part_.clusters) {
      const ClusterShrinkage shrinkage(cluster.gram_factor, own_.shape, own_.theta);
      k_.push_back(shrinkage.k());
      logarithms_[0] += shrinkage.log_determinant();
      const DenseMatrix e = Times(k_.back(), cluster.z);
      Scatter(cluster, e, cluster.z, Columns::kOfLevels, gram_);
      Scatter(cluster, e, cluster.b, Columns::kAsTheyAre, right);
    }
    root_ = CholeskyFactor(gram_);
    b_ = std::move(right);
    SolveLower(root_, b_);
    SolveTransposed(root_, b_);
    // K = L (I + L'S L)^-1 L' with G = L L'.
    const DenseMatrix pulled =
        ApplyBlocks(Transposed(other_.lambda, part_.effects), part_.effects, root_);  // Lambda'L
    DenseMatrix inner = MultiplyTransposed(pulled, pulled);
    AddIdentity(inner);
    const DenseMatrix factor = CholeskyFactorAboveIdentity(inner);
    logarithms_[0] += LogDeterminant(factor);
    DenseMatrix half = Transposed(root_);
    SolveLower(factor, half);
    shrunk_ = MultiplyTransposed(half, half);
    AddValueProducts();
  }

  void AddValueProducts() {
    DenseMatrix apart = part_.left_coefficients;
    for (std::size_t i = 0; i < apart.values.size(); ++i) apart.values[i] -= b_.values[i];
    AddProduct(apart, Multiply(part_.left_gram, apart), 1, products_[0]);
    for (std::size_t c = 0; c < part_.clusters.size(); ++c) {
      const PairedCluster& cluster = part_.clusters[c];
      apart_.push_back(cluster.b);
      const DenseMatrix around = Multiply(cluster.z, Picked(cluster, b_));
      for (std::size_t i = 0; i < around.values.size(); ++i) {
        apart_[c].values[i] -= around.values[i];
      }
      AddProduct(apart_[c], Times(k_[c], apart_[c]), 1, products_[0]);
    }
    image_ = Multiply(shrunk_, b_);
    AddProduct(b_, image_, 1, products_[0]);
  }

  /// P, N and N B.
  void Invert() {
    const SmallMatrix turned = Transposed(other_.lambda, part_.effects);
    DenseMatrix pulled = Transposed(ApplyBlocks(turned, part_.effects, root_));  // L'Lambda
    DenseMatrix inner = MultiplyTransposed(pulled, pulled);
    AddIdentity(inner);
    DenseMatrix half(size_, size_);
    AddIdentity(half);
    half = ApplyBlocks(turned, part_.effects, half);
    SolveLower(CholeskyFactorAboveIdentity(inner), half);
    p_ = MultiplyTransposed(half, half);
    n_ = Multiply(p_, gram_);
    for (double& value : n_.values) value = -value;
    AddIdentity(n_);
    nb_ = b_;
    const DenseMatrix back = Multiply(p_, Multiply(gram_, b_));
    for (std::size_t i = 0; i < nb_.values.size(); ++i) nb_.values[i] -= back.values[i];
  }

  void Differentiate() {
    t_.assign(own_.count(), DenseMatrix(size_, part_.columns));
    u_.assign(own_.count(), DenseMatrix(size_, size_));
    for (std::size_t c = 0; c < part_.clusters.size(); ++c) AddCluster(c);
    std::vector<DenseMatrix> weighed;  // P U_i
    for (std::size_t i = 0; i < own_.count(); ++i) {
      const DenseMatrix pushed = Multiply(p_, t_[i]);
      weighed.push_back(Multiply(p_, u_[i]));
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t at = Pair(OwnAt(i), OwnAt(j));
        AddBothProducts(pushed, t_[j], -1, products_[at]);
        logarithms_[at] -= TraceOfProduct(weighed[i], weighed[j]);
      }
    }
    AddOther();
  }

  /// The derivatives in the entries of the group that is taken out, of one cluster.
  void AddCluster(std::size_t c) {
    const PairedCluster& cluster = part_.clusters[c];
    const std::size_t q = own_.shape.size;
    const SmallMatrix& k = k_[c];
    const DenseMatrix e = Times(k, cluster.z);
    DenseMatrix h = Times(k, apart_[c]);
    const DenseMatrix shift = Multiply(e, Picked(cluster, nb_));
    for (std::size_t i = 0; i < h.values.size(); ++i) h.values[i] += shift.values[i];
    const SmallMatrix taken = Taken(cluster, e);
    SmallMatrix left = k;
    for (std::size_t i = 0; i < left.values.size(); ++i) left.values[i] -= taken.values[i];
    std::vector<DenseMatrix> y;
    std::vector<SmallMatrix> weighed;
    std::vector<SmallMatrix> apart;
    for (std::size_t i = 0; i < own_.count(); ++i) {
      const SmallMatrix& change = own_.first[i];
      y.push_back(Times(change, h));
      weighed.push_back(Product(k, change, q));
      apart.push_back(Product(taken, change, q));
      const std::size_t first = 1 + OwnAt(i);
      AddProduct(h, y[i], -1, products_[first]);
      logarithms_[first] += Trace(Product(left, change, q), q);
      Scatter(cluster, e, y[i], Columns::kAsTheyAre, t_[i]);
      Scatter(cluster, e, Times(change, e), Columns::kOfLevels, u_[i]);
      const DenseMatrix shrunk = Times(k, y[i]);
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t at = Pair(OwnAt(i), OwnAt(j));
        AddBothProducts(shrunk, y[j], 1, products_[at]);
        const SmallMatrix curve = own_.Second(i, j);
        AddProduct(h, Times(curve, h), -1, products_[at]);
        logarithms_[at] +=
            Trace(Product(left, curve, q), q) - Trace(Product(weighed[i], weighed[j], q), q) +
            Trace(Product(apart[i], weighed[j], q), q) + Trace(Product(weighed[i], apart[j], q), q);
      }
    }
  }

  /// E P E'.
  SmallMatrix Taken(const PairedCluster& cluster, const DenseMatrix& e) const {
    SmallMatrix taken;
    for (std::size_t m = 0; m < e.columns; ++m) {
      const double* p = p_.row(Place(cluster, m));
      for (std::size_t b = 0; b < e.rows; ++b) {
        double sum = 0;
        for (std::size_t n = 0; n < e.columns; ++n) sum += p[Place(cluster, n)] * e.at(b, n);
        for (std::size_t a = 0; a < e.rows; ++a) taken.at(a, b) += e.at(a, m) * sum;
      }
    }
    return taken;
  }

  /// The derivatives in the entries of the group that is left.
  void AddOther() {
    const std::size_t effects = part_.effects;
    std::vector<DenseMatrix> y;
    std::vector<DenseMatrix> weighed;  // dS K, level by level
    for (std::size_t i = 0; i < other_.count(); ++i) {
      const SmallMatrix& change = other_.first[i];
      y.push_back(ApplyBlocks(change, effects, image_));
      weighed.push_back(ApplyBlocks(change, effects, shrunk_));
      AddProduct(image_, y[i], -1, products_[1 + OtherAt(i)]);
      logarithms_[1 + OtherAt(i)] += TraceOfBlocks(shrunk_, change, effects);
      const DenseMatrix shrunk = Multiply(shrunk_, y[i]);
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t at = Pair(OtherAt(i), OtherAt(j));
        const SmallMatrix curve = other_.Second(i, j);
        AddBothProducts(shrunk, y[j], 1, products_[at]);
        AddProduct(image_, ApplyBlocks(curve, effects, image_), -1, products_[at]);
        logarithms_[at] +=
            TraceOfBlocks(shrunk_, curve, effects) - TraceOfProduct(weighed[i], weighed[j]);
      }
      const DenseMatrix pushed = Multiply(n_, y[i]);
      const DenseMatrix around =
          Multiply(n_, ApplyBlocks(change, effects, Transposed(n_)));  // N dS N'
      for (std::size_t j = 0; j < own_.count(); ++j) {
        const std::size_t at = Pair(OtherAt(i), OwnAt(j));
        AddBothProducts(t_[j], pushed, 1, products_[at]);
        logarithms_[at] -= TraceOfProduct(u_[j], around);
      }
    }
  }

  const PairedPart& part_;  // not owned
  std::size_t size_;
  std::size_t first_count_;  ///< entries of the first group
  GroupDerivatives own_;
  GroupDerivatives other_;
  std::size_t triangle_;
  std::vector<std::vector<double>> products_;
  std::vector<double> logarithms_;
  std::vector<SmallMatrix> k_;      ///< K_c
  std::vector<DenseMatrix> apart_;  ///< A_c
  DenseMatrix gram_;                ///< G
  DenseMatrix root_;                ///< of G
  DenseMatrix b_;                   ///< B
  DenseMatrix shrunk_;              ///< K
  DenseMatrix image_;               ///< K B
  DenseMatrix p_;
  DenseMatrix n_;
  DenseMatrix nb_;
  std::vector<DenseMatrix> t_;  ///< sum E_c'dS_i H_c
  std::vector<DenseMatrix> u_;  ///< sum E_c'dS_i E_c
};

}  // namespace

void AddPairedPart(const PairedPart& part, const RandomPart& random, const double* theta,
                   const ProfileTarget& target, federation::ExactSums& sums) {
  PartAt(part, random, theta).Add(target, sums);
}

}  // namespace clinnova::stats
