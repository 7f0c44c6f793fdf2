// SPDX-License-Identifier: Apache-2.0
#include "decision/onnx_export.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "core/text.h"
#include "decision/onnx_graph.h"
#include "table/design_columns.h"
#include "table/formula.h"
#include "table/formula_variables.h"
#include "table/number_text.h"

namespace clinnova::decision {
namespace {

using table::Expression;
using table::TermFactor;

/// A tree's leaf is told by its number in float, which is exact up to here.
constexpr std::size_t kMostLeaves = std::size_t{1} << 24;

Result<void> CheckNames(const std::string& model, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (name.empty() || name.starts_with('/') || !seen.insert(name).second) {
      return Fail(ErrorCode::kInvalidInput,
                  model + ": ONNX: found the name \"" + name +
                      "\" of an input or output, expected each once and not beginning with /");
    }
  }
  return {};
}

std::string Squashed(OnnxGraph& graph, OutcomeLink link, const std::string& eta) {
  if (link == OutcomeLink::kIdentity) return eta;
  return graph.Node(link == OutcomeLink::kLogit ? "Sigmoid" : "Exp", {eta});
}

/// One learned model's inputs, columns and trees as values of a graph.
class LearnedGraph {
 public:
  explicit LearnedGraph(const LearnedModel& model) : model_(model) {}

  Result<std::string> File() {
    CLINNOVA_TRY(AddInputs());
    if (!model_.formula.empty()) CLINNOVA_TRY(AddColumns());
    zero_ = Zero();
    for (const ModelArm& arm : model_.arms) CLINNOVA_TRY(AddArm(arm));
    return graph_.Bytes(
        {.name = model_.name,
         .documentation = Documentation(),
         .metadata = {
             {"format", "clinnova-model/1"}, {"model", model_.name}, {"outcome", model_.outcome}}});
  }

 private:
  Result<void> AddInputs() {
    if (model_.inputs.empty()) {
      return Fail(ErrorCode::kInvalidInput,
                  model_.name + ": ONNX: found no inputs, expected at least one");
    }
    std::vector<std::string> names;
    for (const ModelInput& input : model_.inputs) names.push_back(input.name);
    for (const ModelArm& arm : model_.arms)
      names.push_back(OnnxOutput(arm.link == OutcomeLink::kLogit, arm.name));
    CLINNOVA_TRY(CheckNames(model_.name, names));
    for (const ModelInput& input : model_.inputs) {
      if (input.factor) {
        const std::string text =
            graph_.TextInput(input.name, "one of: " + core::Joined(input.levels) +
                                             "; the empty text where not known");
        one_hot_.push_back(graph_.OneHot(text, Texts(input)));
        values_.emplace_back();
      } else {
        const std::string unit = input.unit.empty() ? "" : "in " + input.unit + "; ";
        const std::string number = graph_.NumberInput(
            input.name, unit + "NaN where not known; 98 % in training from " +
                            table::NumberText(input.low) + " to " + table::NumberText(input.high));
        one_hot_.emplace_back();
        values_.push_back(graph_.Node(
            "Where", {graph_.Node("IsNaN", {number}), graph_.Constant(input.mean), number}));
      }
    }
    return {};
  }

  /// The texts that an input may be: its levels, then the empty one where it is not known.
  static std::vector<std::string> Texts(const ModelInput& input) {
    std::vector<std::string> texts = input.levels;
    if (std::ranges::find(texts, "") == texts.end()) texts.emplace_back();
    return texts;
  }

  /// A number for each of a factor's levels; `missing` where it is not known.
  std::string ByLevel(std::size_t input, std::vector<double> weights, double missing) {
    if (Texts(model_.inputs[input]).size() > weights.size()) weights.push_back(missing);
    const auto rows = static_cast<std::int64_t>(weights.size());
    return graph_.Node("MatMul", {one_hot_[input], graph_.Tensor({rows, 1}, weights)});
  }

  /// 1 at a level; a level that is not known stands at the commonest.
  std::string Indicator(std::size_t input, std::size_t level) {
    const ModelInput& of = model_.inputs[input];
    std::vector<double> weights(of.levels.size(), 0.0);
    weights[level] = 1;
    const auto commonest =
        static_cast<std::size_t>(std::ranges::max_element(of.counts) - of.counts.begin());
    return ByLevel(input, weights, commonest == level ? 1 : 0);
  }

  std::optional<std::size_t> Find(const std::string& name) const {
    const auto found = std::ranges::find(model_.inputs, name, &ModelInput::name);
    if (found == model_.inputs.end()) return std::nullopt;
    return static_cast<std::size_t>(found - model_.inputs.begin());
  }

  tl::unexpected<Error> CannotCarry(const std::string& term, const std::string& what) const {
    return Fail(ErrorCode::kInvalidInput,
                model_.name + ": ONNX: found the term " + term + ", expected " + what);
  }

  // --- arithmetic -------------------------------------------------------------------------------

  Result<std::string> Number(const Expression& e) {
    if (e.kind == Expression::Kind::kNumber) return graph_.Constant(e.number);
    if (e.kind == Expression::Kind::kText) {
      const std::optional<double> number = table::ParseNumber(e.name);
      if (number) return graph_.Constant(*number);
    }
    if (e.kind == Expression::Kind::kName) {
      const std::optional<std::size_t> input = Find(e.name);
      if (input && !model_.inputs[*input].factor) return values_[*input];
      if (input && model_.inputs[*input].levels == std::vector<std::string>{"FALSE", "TRUE"}) {
        return Indicator(*input, 1);
      }
    }
    if (e.kind != Expression::Kind::kCall) return CannotCarry(e.Text(), "a number");
    return Call(e);
  }

  Result<std::string> Call(const Expression& e) {
    CLINNOVA_ASSIGN(const std::optional<std::string> level, LevelComparison(e));
    if (level) return *level;
    std::vector<std::string> values;
    const bool to_base = e.name == "log" && e.arguments.size() == 2;
    for (const Expression& argument : e.arguments) {
      if (to_base && !values.empty()) break;
      CLINNOVA_ASSIGN(values.emplace_back(), Number(argument));
    }
    if (e.name == "pmin") return graph_.Node("Min", values);
    if (e.name == "pmax") return graph_.Node("Max", values);
    if (to_base) {
      const Expression& last = e.arguments[1];
      const double base = last.kind == Expression::Kind::kCall && last.arguments.size() == 2
                              ? last.arguments[1].number
                              : last.number;
      return Logarithm(values[0], base);
    }
    if (values.size() == 2) return Binary(e, values);
    return Unary(e, values);
  }

  Result<std::string> Binary(const Expression& e, const std::vector<std::string>& values) {
    static const std::map<std::string, std::string> kOperators = {
        {"+", "Add"}, {"-", "Sub"}, {"*", "Mul"}, {"/", "Div"}, {"^", "Pow"}};
    static const std::map<std::string, std::string> kComparisons = {
        {"==", "Equal"},       {"!=", "Equal"},  {"<", "Less"},
        {"<=", "LessOrEqual"}, {">", "Greater"}, {">=", "GreaterOrEqual"}};
    if (const auto found = kOperators.find(e.name); found != kOperators.end()) {
      return graph_.Node(found->second, values);
    }
    const auto found = kComparisons.find(e.name);
    if (found == kComparisons.end()) return CannotCarry(e.Text(), "arithmetic that ONNX has");
    const std::string holds = graph_.ToDouble(graph_.Node(found->second, values));
    return e.name == "!=" ? graph_.Node("Sub", {graph_.Constant(1), holds}) : holds;
  }

  Result<std::string> Unary(const Expression& e, const std::vector<std::string>& values) {
    static const std::map<std::string, std::string> kFunctions = {
        {"-", "Neg"},   {"log", "Log"},     {"sqrt", "Sqrt"},    {"exp", "Exp"},
        {"abs", "Abs"}, {"floor", "Floor"}, {"ceiling", "Ceil"}, {"round", "Round"}};
    if (values.size() != 1) return CannotCarry(e.Text(), "arithmetic that ONNX has");
    if (e.name == "(" || e.name == "I" || e.name == "+" || e.name == "as.numeric") return values[0];
    if (const auto found = kFunctions.find(e.name); found != kFunctions.end()) {
      return graph_.Node(found->second, values);
    }
    if (e.name == "log2") return Logarithm(values[0], 2);
    if (e.name == "log10") return Logarithm(values[0], 10);
    if (e.name == "log1p") {
      return graph_.Node("Log", {graph_.Node("Add", {values[0], graph_.Constant(1)})});
    }
    if (e.name == "trunc" || e.name == "as.integer") {
      const std::string whole = graph_.Node("Floor", {graph_.Node("Abs", values)});
      return graph_.Node("Mul", {whole, graph_.Node("Sign", values)});
    }
    return CannotCarry(e.Text(), "arithmetic that ONNX has");
  }

  std::string Logarithm(const std::string& value, double base) {
    return graph_.Node("Div", {graph_.Node("Log", {value}), graph_.Constant(std::log(base))});
  }

  /// A factor compared with one of its levels, either way round; nothing where `e` is something else.
  Result<std::optional<std::string>> LevelComparison(const Expression& e) {
    if (e.name != "==" && e.name != "!=") return std::nullopt;
    for (const std::size_t side : {0, 1}) {
      const Expression& column = e.arguments[side];
      const Expression& text = e.arguments[1 - side];
      if (column.kind != Expression::Kind::kName || text.kind != Expression::Kind::kText) continue;
      const std::optional<std::size_t> input = Find(column.name);
      if (!input || !model_.inputs[*input].factor) continue;
      const std::vector<std::string>& levels = model_.inputs[*input].levels;
      const auto level = std::ranges::find(levels, text.name);
      if (level == levels.end()) return CannotCarry(e.Text(), "one of the factor's levels");
      const std::string is = Indicator(*input, static_cast<std::size_t>(level - levels.begin()));
      return e.name == "==" ? is : graph_.Node("Sub", {graph_.Constant(1), is});
    }
    return std::nullopt;
  }

  // --- the design's columns ---------------------------------------------------------------------

  /// A variable of the formula: a value for each of its columns, or for each of its levels.
  struct Variable {
    table::VariableShape shape{};
    std::vector<std::string> values{};
  };

  Result<Variable> MakeVariable(const TermFactor& factor) {
    const Expression& e = factor.expression;
    Variable variable{.shape = {.text = factor.text}};
    const std::optional<std::size_t> input =
        e.kind == Expression::Kind::kName ? Find(e.name) : std::nullopt;
    if (input && model_.inputs[*input].factor && factor.kind != TermFactor::Kind::kPolynomial) {
      variable.shape.levels = model_.inputs[*input].levels;
      for (std::size_t level = 0; level < variable.shape.levels.size(); ++level) {
        variable.values.push_back(Indicator(*input, level));
      }
      return variable;
    }
    if (factor.kind != TermFactor::Kind::kExpression &&
        factor.kind != TermFactor::Kind::kPolynomial) {
      return CannotCarry(factor.text,
                         "numbers, factors, their arithmetic, poly(raw = TRUE) and interactions");
    }
    CLINNOVA_ASSIGN(const std::string value, Number(e));
    if (factor.kind == TermFactor::Kind::kExpression && table::IsLogical(e)) {
      variable.shape.levels = {"FALSE", "TRUE"};
      variable.values = {graph_.Node("Sub", {graph_.Constant(1), value}), value};
      return variable;
    }
    variable.values = {value};
    for (int power = 2; power <= factor.degree; ++power) {
      variable.values.push_back(graph_.Node("Mul", {variable.values.back(), value}));
    }
    variable.shape.numeric_columns = std::max(factor.degree, 1);
    return variable;
  }

  Result<void> AddColumns() {
    CLINNOVA_ASSIGN(const table::Formula formula, table::Formula::Parse(model_.formula));
    std::vector<Variable> variables;
    std::vector<std::vector<std::size_t>> terms;
    for (const table::Term& term : formula.terms()) {
      std::vector<std::size_t>& indices = terms.emplace_back();
      for (const TermFactor& factor : term.factors) {
        const auto found = std::ranges::find_if(
            variables, [&](const Variable& each) { return each.shape.text == factor.text; });
        indices.push_back(static_cast<std::size_t>(found - variables.begin()));
        if (found != variables.end()) continue;
        CLINNOVA_ASSIGN(Variable variable, MakeVariable(factor));
        variables.push_back(std::move(variable));
      }
    }
    std::vector<table::VariableShape> shapes;
    for (const Variable& variable : variables) shapes.push_back(variable.shape);
    CLINNOVA_ASSIGN(const std::vector<table::DesignColumn> columns,
                    table::PlanColumns(shapes, terms, formula.intercept()));
    std::vector<std::string> names;
    for (const table::DesignColumn& column : columns) {
      names.push_back(column.name);
      columns_.push_back(Product(column, variables));
    }
    if (names == model_.terms) return {};
    return CannotCarry(core::Joined(names), core::Joined(model_.terms));
  }

  /// Empty for the intercept.
  std::string Product(const table::DesignColumn& column, const std::vector<Variable>& variables) {
    std::string product;
    for (const table::ColumnPiece& piece : column.pieces) {
      const std::string& value =
          variables[piece.variable].values[static_cast<std::size_t>(piece.index)];
      product = product.empty() ? value : graph_.Node("Mul", {product, value});
    }
    return product;
  }

  // --- the arms ---------------------------------------------------------------------------------

  Result<void> AddArm(const ModelArm& arm) {
    double constant = arm.base_score;
    std::string eta = zero_;
    for (std::size_t j = 0; j < arm.coefficients.size(); ++j) {
      if (columns_[j].empty()) {
        constant += arm.coefficients[j];
        continue;
      }
      const std::string part =
          graph_.Node("Mul", {columns_[j], graph_.Constant(arm.coefficients[j])});
      eta = graph_.Node("Add", {eta, part});
    }
    CLINNOVA_ASSIGN(const std::optional<std::string> trees, Trees(arm, constant));
    if (trees) eta = graph_.Node("Add", {eta, *trees});
    eta = graph_.Node("Add", {eta, graph_.Constant(constant)});
    graph_.Output(OnnxOutput(arm.link == OutcomeLink::kLogit, arm.name),
                  Squashed(graph_, arm.link, eta), model_.outcome + " with " + arm.name);
    return {};
  }

  /// A column of zeros, one for each patient; NaN where a term is not finite, since infinite less infinite is: no arm
  /// has an answer then, as in PredictLearned.
  std::string Zero() {
    const ModelInput& first = model_.inputs[0];
    std::string zero =
        first.factor ? ByLevel(0, std::vector<double>(first.levels.size(), 0.0), 0)
                     : graph_.Node("Mul", {graph_.ToDouble(graph_.Node("IsNaN", {first.name})),
                                           graph_.Constant(0)});
    for (const std::string& column : columns_) {
      if (column.empty()) continue;
      zero = graph_.Node("Add", {zero, graph_.Node("Sub", {column, column})});
    }
    return zero;
  }

  /// The feature that a node asks for and up to which value it goes left.
  std::pair<std::int64_t, double> Question(const TreeNode& node) {
    std::string key = std::to_string(node.input);
    if (model_.inputs[node.input].factor) {
      for (const bool left : node.left_levels) key += left ? " l" : " r";
      key += node.missing_left ? " l" : " r";
    }
    const auto [found, fresh] =
        feature_of_.try_emplace(key, static_cast<std::int64_t>(features_.size()));
    if (fresh) features_.push_back(Feature(node));
    return {found->second, model_.inputs[node.input].factor ? 0.5 : node.threshold};
  }

  std::string Feature(const TreeNode& node) {
    if (!model_.inputs[node.input].factor) return model_.inputs[node.input].name;
    std::vector<double> right;
    for (const bool left : node.left_levels) right.push_back(left ? 0 : 1);
    return ByLevel(node.input, right, node.missing_left ? 0 : 1);
  }

  /// Trees of one leaf are added to `constant`.
  Result<std::optional<std::string>> Trees(const ModelArm& arm, double& constant) {
    OnnxTrees trees;
    feature_of_.clear();
    features_.clear();
    for (const std::vector<TreeNode>& tree : arm.trees) {
      if (tree[0].leaf) {
        constant += tree[0].value;
      } else {
        AddTree(tree, trees);
      }
    }
    if (trees.trees == 0) return std::nullopt;
    if (trees.leaf_value.size() > kMostLeaves) {
      return Fail(ErrorCode::kInvalidInput, model_.name + ": ONNX: found " +
                                                std::to_string(trees.leaf_value.size()) +
                                                " leaves, expected at most 16777216");
    }
    return graph_.TreeSum(graph_.Node("Concat", features_, "axis", 1), trees);
  }

  void AddTree(const std::vector<TreeNode>& tree, OnnxTrees& trees) {
    for (std::size_t n = 0; n < tree.size(); ++n) {
      const TreeNode& node = tree[n];
      const auto id = static_cast<std::int64_t>(n);
      trees.tree.push_back(trees.trees);
      trees.node.push_back(id);
      trees.leaf.push_back(node.leaf);
      const auto [feature, threshold] =
          node.leaf ? std::pair<std::int64_t, double>{0, 0.0} : Question(node);
      trees.feature.push_back(feature);
      trees.threshold.push_back(threshold);
      trees.yes.push_back(node.leaf ? 0 : static_cast<std::int64_t>(node.left));
      trees.no.push_back(node.leaf ? 0 : static_cast<std::int64_t>(node.right));
      trees.missing_yes.push_back(node.missing_left ? 1 : 0);
      if (!node.leaf) continue;
      trees.leaf_tree.push_back(trees.trees);
      trees.leaf_node.push_back(id);
      trees.leaf_value.push_back(node.value);
    }
    ++trees.trees;
  }

  std::string Documentation() const {
    const bool choice = model_.kind == LearnedKind::kTreatmentChoice;
    return model_.title + ". " + model_.outcome + (choice ? " by " + model_.treatment : "") +
           ", one output per arm. Inputs have the shape [patients, 1]: numbers as doubles, NaN "
           "where not known "
           "(terms take the mean in training, trees their own way); levels as texts, the empty "
           "text where not known "
           "(terms take the commonest). NaN comes out where a term has no value, such as the "
           "logarithm of 0. " +
           kOnnxLeavesOut;
  }

  const LearnedModel& model_;  // not owned, outlives this
  OnnxGraph graph_;
  std::vector<std::string> values_;   ///< by input: its number, the mean where it is not known
  std::vector<std::string> one_hot_;  ///< by input: a factor's texts
  std::vector<std::string> columns_;  ///< by term
  std::string zero_;                  ///< what every arm's predictor begins with
  std::map<std::string, std::int64_t> feature_of_;  ///< of an arm's trees
  std::vector<std::string> features_;
};

}  // namespace

Result<std::string> OnnxFile(const LearnedModel& model) { return LearnedGraph(model).File(); }

}  // namespace clinnova::decision
