// SPDX-License-Identifier: Apache-2.0
#include "stats/case_differences.h"

#include <algorithm>
#include <cmath>

#include "stats/analysis_columns.h"
#include "table/design.h"
#include "table/numeric_expression.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::CountsOnly;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;

/// What a row needs, bound to a table.
struct BoundNeeds {
  std::vector<std::size_t> columns;
  std::vector<table::NumericExpression> expressions;
};

Result<table::NumericExpression> BindText(const std::string& text, const table::Schema& schema) {
  CLINNOVA_ASSIGN(const table::Formula formula, table::Formula::Parse("~ I(" + text + ")"));
  if (formula.terms().size() != 1 || formula.terms()[0].factors.size() != 1)
    return Fail(ErrorCode::kRefused, "an expression that is none", "wrong_layout");
  return table::NumericExpression::Bind(formula.terms()[0].factors[0].expression, schema);
}

Result<BoundNeeds> Bind(const table::Schema& schema, const RowNeeds& needs) {
  BoundNeeds bound;
  for (const std::string& column : needs.columns) {
    const auto place = schema.Find(column);
    if (!place) return Fail(ErrorCode::kRefused, "no column " + column, "wrong_layout");
    bound.columns.push_back(*place);
  }
  for (const std::string& text : needs.expressions) {
    CLINNOVA_ASSIGN(table::NumericExpression expression, BindText(text, schema));
    bound.expressions.push_back(std::move(expression));
  }
  return bound;
}

/// Which rows have all that is needed.
std::vector<bool> Complete(const table::Table& table, const BoundNeeds& needs) {
  std::vector<bool> complete(table.rows, true);
  for (const std::size_t place : needs.columns) {
    const table::Column& column = table.column(place);
    for (std::size_t r = 0; r < table.rows; ++r) {
      const bool there =
          column.codes.empty() ? !std::isnan(column.numbers[r]) : column.codes[r] >= 0;
      if (!there) complete[r] = false;
    }
  }
  std::vector<double> values(table::kBatchRows);
  for (const table::NumericExpression& expression : needs.expressions) {
    std::vector<double> scratch(expression.ScratchSize());
    for (std::size_t first = 0; first < table.rows; first += table::kBatchRows) {
      const std::size_t count = std::min(table::kBatchRows, table.rows - first);
      expression.Evaluate(table, first, count, scratch.data(), values.data());
      for (std::size_t i = 0; i < count; ++i) {
        if (std::isnan(values[i])) complete[first + i] = false;
      }
    }
  }
  return complete;
}

/// The sets of persons that an analysis is about, and the columns whose sums are told. A summary's variables are each by themselves;
/// the moments of an orthogonal poly(x, k) are of all who have x.
struct CaseSet {
  RowNeeds needs;
  std::vector<std::string> columns;
  std::string term{};  ///< the poly() that the set is of
};

/// What of needs and columns is in the table; what is not is the method's own error.
void KeepKnown(const table::Schema& schema, CaseSet& set) {
  for (std::vector<std::string>* list : {&set.columns, &set.needs.columns}) {
    std::erase_if(*list, [&](const std::string& name) {
      return name == "site" || !schema.Find(name);  // never missing, or not there
    });
    std::sort(list->begin(), list->end());
  }
  std::erase_if(set.needs.expressions,
                [&](const std::string& text) { return !BindText(text, schema).has_value(); });
  std::sort(set.needs.expressions.begin(), set.needs.expressions.end());
}

Result<std::vector<CaseSet>> CaseSets(const Analysis& analysis, const table::Schema& schema) {
  CaseSet whole;
  CLINNOVA_ASSIGN(whole.columns, ColumnsOf(analysis));
  CLINNOVA_ASSIGN(whole.needs, RowNeedsOf(analysis));
  KeepKnown(schema, whole);
  std::vector<CaseSet> sets;
  if (analysis.method() == "summary") {
    for (const std::string& column : whole.columns) sets.push_back({{{column}, {}}, {column}});
  } else if (analysis.method() != "multiple_imputation") {  // whose rows are all complete
    sets.push_back(std::move(whole));
    CLINNOVA_ASSIGN(const std::vector<table::TermFactor> polynomials,
                    OrthogonalPolynomialsOf(analysis));
    for (const table::TermFactor& polynomial : polynomials) {
      const table::Expression& x = polynomial.expression;
      CaseSet& set =
          sets.emplace_back(CaseSet{{x.NeededColumns(), {}}, x.Columns(), polynomial.text});
      if (x.kind == table::Expression::Kind::kCall) set.needs.expressions = {x.Text()};
      KeepKnown(schema, set);
    }
  }
  return sets;
}

bool ShareAVariable(const CaseSet& a, const CaseSet& b) {
  return std::any_of(a.columns.begin(), a.columns.end(), [&](const std::string& name) {
    return std::binary_search(b.columns.begin(), b.columns.end(), name);
  });
}

/// The persons of an analysis and those of one before it that shares a variable with it.
struct DifferingPair {
  std::string earlier;  ///< the other's name
  std::string term;     ///< of a pair within one analysis: the poly() that is of other persons
  RowNeeds here;
  RowNeeds there;
};

/// What the hub compares and each site counts: it follows from the study alone.
Result<std::vector<DifferingPair>> DifferingPairs(const Analysis& analysis,
                                                  const table::Schema& schema) {
  CLINNOVA_ASSIGN(const std::vector<CaseSet> here, CaseSets(analysis, schema));
  std::vector<DifferingPair> pairs;
  for (const Analysis& earlier : analysis.Earlier()) {
    CLINNOVA_ASSIGN(const std::vector<CaseSet> there, CaseSets(earlier, schema));
    for (const CaseSet& a : here) {
      for (const CaseSet& b : there) {
        if (a.needs == b.needs || !ShareAVariable(a, b)) continue;
        pairs.push_back({earlier.name(), "", a.needs, b.needs});
      }
    }
  }
  for (std::size_t i = 0; i < here.size(); ++i) {
    for (std::size_t j = i + 1; j < here.size(); ++j) {
      if (here[j].term.empty() || here[i].needs == here[j].needs ||
          !ShareAVariable(here[i], here[j])) {
        continue;
      }
      pairs.push_back({analysis.name(), here[j].term, here[i].needs, here[j].needs});
    }
  }
  return pairs;
}

/// Whom to compare is for the study to say, not for the hub.
struct NoParameters {
  template <class A>
  void Fields(A&) {}
};

Result<Layout> DifferenceLayout(const Analysis& analysis, const table::Schema& schema,
                                const NoParameters&) {
  CLINNOVA_ASSIGN(const std::vector<DifferingPair> pairs, DifferingPairs(analysis, schema));
  return Layout{{CountBlock("differences", pairs.size())}};
}

Result<void> DifferenceEvaluate(const SiteView& site, const NoParameters&, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::vector<DifferingPair> pairs,
                  DifferingPairs(site.analysis, site.table.schema));
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    CLINNOVA_ASSIGN(const BoundNeeds here, Bind(site.table.schema, pairs[p].here));
    CLINNOVA_ASSIGN(const BoundNeeds there, Bind(site.table.schema, pairs[p].there));
    const std::vector<bool> mine = Complete(site.table, here);
    const std::vector<bool> other = Complete(site.table, there);
    std::int64_t differ = 0;
    for (std::size_t r = 0; r < site.table.rows; ++r) differ += mine[r] != other[r] ? 1 : 0;
    sums.AddCount(0, p, differ);
  }
  return {};
}

const TypedStep<NoParameters> kStep{"gate.differences", DifferenceLayout, DifferenceEvaluate,
                                    CountsOnly{}};

}  // namespace

const federation::Step& CaseDifferenceStep() { return kStep; }

Result<void> CheckDifferences(Federation& federation, const Analysis& analysis) {
  const int k = federation.minimum_count();
  if (k == 0) return {};
  CLINNOVA_ASSIGN(const std::vector<DifferingPair> pairs,
                  DifferingPairs(analysis, federation.schema()));
  if (pairs.empty()) return {};
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kStep, NoParameters{}));
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    if (sums.Count(0, p) == 0 || sums.Count(0, p) >= k) continue;
    const std::string persons =
        "fewer than " + std::to_string(k) + " persons, whom the difference ";
    const std::string where = "analysis \"" + analysis.name() + "\": ";
    if (!pairs[p].term.empty()) {
      return Fail(ErrorCode::kRefused,
                  where + pairs[p].term +
                      " is of all who have a value of it, who differ from the " +
                      "complete cases by " + persons + "would tell of, expected raw = TRUE",
                  "differencing");
    }
    return Fail(ErrorCode::kRefused,
                where + "its complete cases differ from those of \"" + pairs[p].earlier + "\" by " +
                    persons + "would tell of; name the same columns in both",
                "differencing");
  }
  return {};
}

}  // namespace clinnova::stats
