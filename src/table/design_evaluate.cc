// SPDX-License-Identifier: Apache-2.0
// One batch of rows through a design: find the complete cases, then fill the columns.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "core/check.h"
#include "core/deterministic_math.h"
#include "table/design.h"
#include "table/design_state.h"

namespace clinnova::table {
namespace {

enum RowState : std::uint8_t { kComplete = 0, kMissing = 1, kInfinite = 2, kInvalid = 4 };

std::size_t RoundUp(std::size_t rows) { return (rows + 7) / 8 * 8; }

/// True when a value is not a number; written so that compilers vectorise it.
bool AnyNaN(const double* values, std::size_t count) {
  std::int64_t found = 0;
  for (std::size_t i = 0; i < count; ++i) found |= values[i] != values[i] ? 1 : 0;
  return found != 0;
}

bool AnyNegative(const std::int32_t* codes, std::size_t count) {
  std::int32_t found = 0;
  for (std::size_t i = 0; i < count; ++i) found |= codes[i];
  return found < 0;
}

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

/// The numbers and codes of one batch under evaluation.
class BatchEvaluation {
 public:
  template <typename State>
  BatchEvaluation(const State& state, const Table& table, DesignBatch& batch)
      : table_(table), batch_(batch), first_(batch.first), count_(batch.count) {
    blocks_.resize(state.blocks);
    codes_.resize(state.code_blocks);
    batch_.scratch.resize(state.blocks * kBatchRows + state.stack);
    batch_.code_scratch.resize(state.code_blocks * kBatchRows);
    stack_ = batch_.scratch.data() + state.blocks * kBatchRows;
    batch_.state.assign(count_, kComplete);
    batch_.missing = batch_.infinite = batch_.invalid = batch_.status_two = 0;
  }

  // --- reading the rows -------------------------------------------------------------------------

  void MarkMissing(const Schema& schema, std::size_t column) {
    if (schema.columns[column].kind == ColumnKind::kNumeric) {
      MarkNaN(table_.column(column).numbers.data() + first_);
      return;
    }
    const std::int32_t* codes = table_.column(column).codes.data() + first_;
    if (AnyNegative(codes, count_)) Mark(kMissing, [&](std::size_t i) { return codes[i] < 0; });
  }

  void Number(const NumericExpression& expression, std::size_t block) {
    if (const auto column = expression.PlainColumn()) {
      blocks_[block] = table_.column(*column).numbers.data() + first_;
      return;
    }
    double* slot = Slot(block);
    expression.Evaluate(table_, first_, count_, stack_, slot);
    blocks_[block] = slot;
    MarkNaN(slot);
    MarkInfinite(slot);
  }

  void PlainNumber(std::size_t column, std::size_t block) {
    blocks_[block] = table_.column(column).numbers.data() + first_;
  }

  void Polynomial(const DesignVariable& variable) {
    Number(*variable.expression, variable.block);
    for (int power = 2; power <= variable.columns; ++power) {
      const std::size_t block = variable.block + static_cast<std::size_t>(power) - 1;
      const double* x = blocks_[variable.block];
      double* slot = Slot(block);
      for (std::size_t i = 0; i < count_; ++i) slot[i] = core::Pow(x[i], power);
      blocks_[block] = slot;
      MarkInfinite(slot);
    }
  }

  void Basis(const DesignVariable& variable) {
    Number(*variable.expression, variable.block);
    const double* x = blocks_[variable.block];
    double* slot = Slot(variable.block);
    const auto fill = [&](const auto& basis) {  // reads x[i] before it writes slot[i]
      for (std::size_t i = 0; i < count_; ++i) basis.Evaluate(x[i], slot + i, kBatchRows);
    };
    const auto none = [&](std::monostate) {
      for (int c = 0; c < variable.columns; ++c)
        std::fill_n(slot + static_cast<std::size_t>(c) * kBatchRows, count_, 0.0);
    };
    std::visit(Overloaded{fill, none}, variable.basis);
    for (int c = 0; c < variable.columns; ++c) {
      blocks_[variable.block + static_cast<std::size_t>(c)] =
          slot + static_cast<std::size_t>(c) * kBatchRows;
    }
  }

  void Logical(const DesignVariable& variable) {
    std::int32_t* slot = CodeSlot(variable.block);
    logical_.resize(kBatchRows);
    variable.expression->Evaluate(table_, first_, count_, stack_, logical_.data());
    MarkNaN(logical_.data());
    for (std::size_t i = 0; i < count_; ++i) slot[i] = logical_[i] == 1 ? 1 : 0;
    codes_[variable.block] = slot;
  }

  void Factor(const FactorBinding& factor, std::size_t block) {
    const std::int32_t* codes = table_.column(factor.column).codes.data() + first_;
    codes_[block] = codes;
    if (factor.in_use.empty()) return;
    std::int32_t* slot = CodeSlot(block);
    for (std::size_t i = 0; i < count_; ++i) {
      slot[i] = codes[i] < 0 ? -1 : factor.in_use[static_cast<std::size_t>(codes[i])];
    }
    codes_[block] = slot;
    // A level that the facts do not list: they are not those of this table.
    if (AnyNegative(slot, count_)) {
      Mark(kInvalid, [&](std::size_t i) { return slot[i] < 0 && codes[i] >= 0; });
    }
  }

  void Weights(std::size_t block) {
    const double* weights = blocks_[block];
    Mark(kInvalid, [&](std::size_t i) { return weights[i] < 0; });
  }

  /// Surv(start, stop, status): stop after start.
  void StartBeforeStop(std::size_t block) {
    const double* start = blocks_[block];
    const double* stop = blocks_[block + 1];
    Mark(kInvalid, [&](std::size_t i) { return stop[i] <= start[i]; });
  }

  /// Surv(): the status is a cause's number, or the place of a factor's level.
  void Causes(std::size_t last, const std::optional<std::size_t>& factor) {
    if (factor) {
      const std::int32_t* codes = table_.column(*factor).codes.data() + first_;
      double* slot = Slot(last);
      for (std::size_t i = 0; i < count_; ++i) slot[i] = codes[i];
      blocks_[last] = slot;
    }
    const double* status = blocks_[last];
    Mark(kInvalid, [&](std::size_t i) {
      return !(status[i] >= 0 && status[i] <= kLargestCause && status[i] == std::floor(status[i]));
    });
  }

  /// Surv(): status 0 or 1; 1/2 becomes 0/1.
  void Survival(std::size_t last, bool one_two) {
    const double* status = blocks_[last];
    double* slot = Slot(last);
    for (std::size_t i = 0; i < count_; ++i) {
      batch_.status_two += status[i] == 2 ? 1 : 0;
      slot[i] = one_two ? status[i] - 1 : status[i];
    }
    blocks_[last] = slot;
    // Before the pooled coding is known 2 is let through, so that the preflight sees all complete cases.
    const double highest = one_two ? 1 : 2;
    Mark(kInvalid,
         [&](std::size_t i) { return slot[i] != 0 && slot[i] != 1 && slot[i] != highest; });
  }

  // --- leaving out rows -------------------------------------------------------------------------

  void KeepCompleteCases() {
    batch_.source_row.resize(count_);
    if (!marked_) {
      std::iota(batch_.source_row.begin(), batch_.source_row.end(),
                static_cast<std::uint32_t>(first_));
      batch_.rows = count_;
      return;
    }
    std::size_t rows = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::uint8_t state = batch_.state[i];
      batch_.source_row[rows] = static_cast<std::uint32_t>(first_ + i);
      rows += state == kComplete ? 1 : 0;
      batch_.missing += (state & kMissing) != 0 ? 1 : 0;
      batch_.infinite += (state & (kMissing | kInfinite)) == kInfinite ? 1 : 0;
      batch_.invalid += state == kInvalid ? 1 : 0;
    }
    batch_.source_row.resize(rows);
    batch_.rows = rows;
    if (rows == count_) return;
    for (std::size_t b = 0; b < blocks_.size(); ++b) blocks_[b] = Gather(blocks_[b], Slot(b));
    for (std::size_t b = 0; b < codes_.size(); ++b) codes_[b] = Gather(codes_[b], CodeSlot(b));
  }

  // --- what is left -----------------------------------------------------------------------------

  const double* block(std::size_t b) const { return blocks_[b]; }
  const std::int32_t* codes(std::size_t b) const { return codes_[b]; }

 private:
  double* Slot(std::size_t block) { return batch_.scratch.data() + block * kBatchRows; }
  std::int32_t* CodeSlot(std::size_t block) {
    return batch_.code_scratch.data() + block * kBatchRows;
  }

  template <typename Condition>
  void Mark(RowState state, Condition condition) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (condition(i)) {
        batch_.state[i] |= state;
        marked_ = true;
      }
    }
  }

  void MarkNaN(const double* values) {
    if (AnyNaN(values, count_))
      Mark(kMissing, [&](std::size_t i) { return std::isnan(values[i]); });
  }

  void MarkInfinite(const double* values) {
    Mark(kInfinite, [&](std::size_t i) { return std::isinf(values[i]); });
  }

  /// The complete cases of `values`, which may be `slot` itself: rows only move forward.
  template <typename T>
  const T* Gather(const T* values, T* slot) const {
    for (std::size_t r = 0; r < batch_.rows; ++r) slot[r] = values[batch_.source_row[r] - first_];
    return slot;
  }

  const Table& table_;  // not owned, outlives this
  DesignBatch& batch_;  // not owned, outlives this
  std::size_t first_;
  std::size_t count_;
  bool marked_ = false;
  std::vector<const double*> blocks_;
  std::vector<const std::int32_t*> codes_;
  std::vector<double> logical_;
  double* stack_ = nullptr;
};

/// Writes one design column: the product of its pieces, from left to right as R multiplies.
void FillColumn(const DesignColumn& column, const std::vector<DesignVariable>& variables,
                const BatchEvaluation& evaluation, std::size_t rows, double* x) {
  if (column.pieces.empty()) std::fill_n(x, rows, 1.0);
  for (std::size_t p = 0; p < column.pieces.size(); ++p) {
    const ColumnPiece& piece = column.pieces[p];
    const std::size_t block = variables[piece.variable].block;
    if (piece.indicator) {
      const std::int32_t* codes = evaluation.codes(block);
      const std::int32_t level = piece.index;
      if (p == 0) {
        for (std::size_t r = 0; r < rows; ++r) x[r] = codes[r] == level ? 1.0 : 0.0;
      } else {
        for (std::size_t r = 0; r < rows; ++r) x[r] *= codes[r] == level ? 1.0 : 0.0;
      }
      continue;
    }
    const double* values = evaluation.block(block + static_cast<std::size_t>(piece.index));
    if (p == 0) {
      std::copy_n(values, rows, x);
    } else {
      for (std::size_t r = 0; r < rows; ++r) x[r] *= values[r];
    }
  }
  std::fill(x + rows, x + RoundUp(rows), 0.0);
}

/// `source` copied into a vector of full capacity, padded.
void FillVector(const double* source, std::size_t rows, std::vector<double>& target) {
  target.resize(kBatchRows);
  std::copy_n(source, rows, target.data());
  std::fill(target.data() + rows, target.data() + RoundUp(rows), 0.0);
}

std::int64_t ClusterOf(const Column& column, std::size_t row) {
  if (!column.codes.empty()) return column.codes[row];
  return std::bit_cast<std::int64_t>(column.numbers[row] + 0.0);  // -0 is 0
}

/// Fills everything of the batch but the design matrix.
template <typename State>
void FillBesideDesign(const State& state, const Table& table, const BatchEvaluation& evaluation,
                      DesignBatch& batch) {
  const std::size_t rows = batch.rows;
  batch.response.resize(state.response.size() + (state.response_factor ? 1 : 0));
  for (std::size_t i = 0; i < state.response.size(); ++i) {
    FillVector(evaluation.block(state.response_block + i), rows, batch.response[i]);
  }
  if (state.response_factor) {
    batch.response[0].assign(kBatchRows, 0.0);
    const std::int32_t* codes = evaluation.codes(state.response_code_block);
    batch.response_codes.assign(codes, codes + rows);
    for (std::size_t r = 0; r < rows; ++r) batch.response[0][r] = codes[r] > 0 ? 1.0 : 0.0;
  }
  batch.weights.resize(kBatchRows);
  std::fill_n(batch.weights.data(), rows, 1.0);
  std::fill(batch.weights.data() + rows, batch.weights.data() + RoundUp(rows), 0.0);
  if (state.weights) FillVector(evaluation.block(state.weights_block), rows, batch.weights);
  batch.offset.assign(kBatchRows, 0.0);
  for (std::size_t i = 0; i < state.offsets.size(); ++i) {
    const double* offset = evaluation.block(state.offset_block + i);
    for (std::size_t r = 0; r < rows; ++r) batch.offset[r] += offset[r];
  }
  batch.strata.resize(state.strata_columns.size());
  for (std::size_t i = 0; i < batch.strata.size(); ++i) {
    batch.strata[i].assign(kBatchRows, 0);
    std::copy_n(evaluation.codes(state.strata_code_block + i), rows, batch.strata[i].data());
  }
  batch.cluster.resize(state.clusters.size());
  for (std::size_t i = 0; i < batch.cluster.size(); ++i) {
    batch.cluster[i].assign(kBatchRows, 0);
    const Column& column = table.column(state.clusters[i]);
    for (std::size_t r = 0; r < rows; ++r) {
      batch.cluster[i][r] = ClusterOf(column, batch.source_row[r]);
    }
  }
}

template <typename State>
void ReadRows(const State& state, BatchEvaluation& evaluation) {
  using Kind = DesignVariable::Kind;
  for (std::size_t column : state.required) evaluation.MarkMissing(state.schema, column);
  for (const DesignVariable& variable : state.variables) {
    switch (variable.kind) {
      case Kind::kNumber: evaluation.Number(*variable.expression, variable.block); break;
      case Kind::kPolynomial: evaluation.Polynomial(variable); break;
      case Kind::kBasis: evaluation.Basis(variable); break;
      case Kind::kLogical: evaluation.Logical(variable); break;
      case Kind::kFactor: evaluation.Factor(variable.factor, variable.block); break;
    }
  }
  for (std::size_t i = 0; i < state.response.size(); ++i) {
    evaluation.Number(state.response[i], state.response_block + i);
  }
  if (state.response_kind == Response::Kind::kSurvival) {
    const std::size_t last = state.response_block + state.response.size() - 1;
    if (state.response.size() == 3) evaluation.StartBeforeStop(state.response_block);
    if (state.status == StatusCoding::kCause) {
      evaluation.Causes(last, state.status_factor);
    } else {
      evaluation.Survival(last, state.status_is_one_two);
    }
  }
  if (state.response_factor) evaluation.Factor(*state.response_factor, state.response_code_block);
  for (std::size_t i = 0; i < state.offsets.size(); ++i) {
    evaluation.Number(state.offsets[i], state.offset_block + i);
  }
  if (state.weights) {
    evaluation.PlainNumber(*state.weights, state.weights_block);
    evaluation.Weights(state.weights_block);
  }
  for (std::size_t i = 0; i < state.strata_columns.size(); ++i) {
    evaluation.Factor(state.strata_columns[i], state.strata_code_block + i);
  }
}

}  // namespace

void Design::Evaluate(const Table& table, std::size_t first, std::size_t count,
                      DesignBatch& batch) const {
  CLINNOVA_CHECK(count <= kBatchRows && first + count <= table.rows &&
                 table.columns.size() == state_->schema.columns.size());
  batch.first = first;
  batch.count = count;
  BatchEvaluation evaluation(*state_, table, batch);
  ReadRows(*state_, evaluation);
  evaluation.KeepCompleteCases();
  batch.x.resize(state_->columns.size() * kBatchRows);
  for (std::size_t c = 0; c < state_->columns.size(); ++c) {
    FillColumn(state_->columns[c], state_->variables, evaluation, batch.rows,
               batch.x.data() + c * kBatchRows);
  }
  FillBesideDesign(*state_, table, evaluation, batch);
}

void Design::BasisInput(const Table& table, const DesignBatch& batch, const std::string& text,
                        std::vector<double>& values) const {
  const auto& variables = state_->variables;
  const auto variable = std::find_if(variables.begin(), variables.end(), [&](const auto& v) {
    return v.kind == DesignVariable::Kind::kBasis && v.text == text;
  });
  CLINNOVA_CHECK(variable != variables.end());
  std::vector<double> stack(variable->expression->ScratchSize());
  values.resize(batch.count);
  variable->expression->Evaluate(table, batch.first, batch.count, stack.data(), values.data());
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
}

}  // namespace clinnova::table
