// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_policy_tree.h"

#include <algorithm>

#include "table/number_text.h"

namespace clinnova::learn {

using federation::Int128;

/// Persons somewhere.
struct PolicySearch::Part {
  std::vector<Int128> scores;
  std::int64_t persons = 0;
  std::int64_t sites = 0;

  explicit Part(std::size_t arms) : scores(arms) {}
  void Add(const PolicySums& sums, std::size_t group) {
    for (std::size_t a = 0; a < scores.size(); ++a) {
      scores[a] += sums.scores[group * scores.size() + a];
    }
    persons += sums.persons[group];
    sites = std::max(sites, sums.sites[group]);
  }
  void Add(const Part& other) {
    for (std::size_t a = 0; a < scores.size(); ++a) scores[a] += other.scores[a];
    persons += other.persons;
    sites = std::max(sites, other.sites);
  }
  /// The first of the arms with the largest sum.
  std::size_t Arm() const {
    return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
  }
  Int128 Value() const { return *std::ranges::max_element(scores); }
};

/// One side of a first question: everybody there, and the best second question so far.
struct PolicySearch::Side {
  Part all;
  Int128 value;
  const Split* second = nullptr;  ///< null: none is better
  Part left, right;
};

namespace {

TreeNode LeafNode(std::size_t arm, std::int64_t persons, std::int64_t sites) {
  TreeNode node;
  node.value = static_cast<double>(arm);
  node.persons = persons;
  node.sites = sites;
  return node;
}

/// Makes a node a question, and adds its children behind.
void Divide(Tree& tree, std::size_t at, const Split& split, const TreeNode& left,
            const TreeNode& right) {
  tree[at].leaf = false;
  tree[at].split = split;
  tree[at].value = 0;
  tree[at].left = static_cast<std::uint32_t>(tree.size());
  tree.push_back(left);
  tree.push_back(right);
}

}  // namespace

PolicySearch::PolicySearch(const std::vector<Feature>& features, const PolicyCells& cells,
                           const std::vector<PolicyGroups>& groups, const PolicyGrouping& grouping,
                           const std::vector<bool>& missing, std::size_t arms)
    : features_(features), cells_(cells), groups_(groups), grouping_(grouping), arms_(arms) {
  for (std::size_t f = 0; f < features.size(); ++f) {
    const std::vector<std::int64_t>& own = groups[cells.PlaneOf(f, f)].rows;
    std::vector<Question>& questions = questions_.emplace_back();
    AddQuestions(features[f], missing[f], own, questions);
    for (Question& question : questions) question.split.feature = static_cast<std::int32_t>(f);
  }
}

/// Those that divide no group of bins.
void PolicySearch::AddQuestions(const Feature& feature, bool missing,
                                const std::vector<std::int64_t>& groups,
                                std::vector<Question>& questions) const {
  const auto missing_bin = static_cast<std::int64_t>(feature.missing_bin());
  const bool joined = groups.back() != missing_bin;
  const auto add = [&](Split split, bool either_side) {
    for (const bool missing_left : {false, true}) {
      if (missing_left && (!either_side || (!missing && !joined))) continue;
      split.missing_left = missing_left;
      Question question{.split = split};
      for (std::size_t b = 0; b < feature.width(); ++b) {
        question.left.push_back(
            split.GoesLeft(static_cast<std::uint8_t>(b), feature.missing_bin()) ? 1 : 0);
      }
      std::vector<std::uint8_t> left;
      if (Goes(question, groups, left)) questions.push_back(std::move(question));
    }
  };
  if (!feature.factor()) {
    // The last tells what is known from what is missing.
    for (std::size_t b = 0; b + (missing ? 0 : 1) < feature.bins(); ++b) {
      Split split;
      split.bin = static_cast<std::int32_t>(b);
      add(split, b + 1 < feature.bins());
    }
    return;
  }
  for (std::size_t g = 0; g < groups.size() && groups[g] < missing_bin; ++g) {
    Split split;
    split.left_levels.resize(feature.levels);
    const std::int64_t end = g + 1 < groups.size() ? groups[g + 1] : missing_bin;
    for (std::int64_t l = groups[g]; l < std::min(end, missing_bin); ++l) {
      split.left_levels[static_cast<std::size_t>(l)] = 1;
    }
    add(split, true);
  }
}

/// By group whether it goes left; false where a group would be divided.
bool PolicySearch::Goes(const Question& question, const std::vector<std::int64_t>& groups,
                        std::vector<std::uint8_t>& left) const {
  left.clear();
  for (std::size_t b = 0; b < question.left.size(); ++b) {
    if (left.size() < groups.size() && groups[left.size()] == static_cast<std::int64_t>(b)) {
      left.push_back(question.left[b]);
    } else if (left.back() != question.left[b]) {
      return false;
    }
  }
  return true;
}

PolicySearch::Side PolicySearch::SideOf(const PolicySums& sums, const Question& question,
                                        std::size_t feature, bool left) const {
  const std::size_t plane = cells_.PlaneOf(feature, feature);
  std::vector<std::uint8_t> goes;
  Goes(question, groups_[plane].rows, goes);
  Side side{.all = Part(arms_), .value = 0, .left = Part(arms_), .right = Part(arms_)};
  for (std::size_t g = 0; g < goes.size(); ++g) {
    if ((goes[g] != 0) == left) side.all.Add(sums, grouping_.first(plane) + g);
  }
  side.value = side.all.Value();
  return side;
}

/// Tries all questions about `other` on one side of the first question.
void PolicySearch::Ask(const PolicySums& sums, const Question& first, std::size_t feature,
                       bool left, std::size_t other, std::int64_t least, Side& side) const {
  const std::size_t plane = cells_.PlaneOf(std::min(feature, other), std::max(feature, other));
  const PolicyGroups& groups = groups_[plane];
  const bool alone = feature == other;
  const bool by_rows = alone || feature < other;  // the first question's feature is the rows
  const std::vector<std::int64_t>& outer = by_rows ? groups.rows : groups.columns;
  const std::vector<std::int64_t>& inner = alone || !by_rows ? groups.rows : groups.columns;
  std::vector<std::uint8_t> goes;
  if (!Goes(first, outer, goes)) return;
  std::vector<Part> parts(inner.size(), Part(arms_));
  for (std::size_t i = 0; i < outer.size(); ++i) {
    if ((goes[i] != 0) != left) continue;
    for (std::size_t j = 0; j < inner.size(); ++j) {
      if (alone && i != j) continue;
      const std::size_t row = by_rows ? i : j;
      const std::size_t column = alone ? 0 : by_rows ? j : i;
      parts[j].Add(sums, grouping_.first(plane) + row * groups.columns.size() + column);
    }
  }
  for (const Question& second : questions_[other]) {
    if (!Goes(second, inner, goes)) continue;
    Part on_left(arms_);
    Part on_right(arms_);
    for (std::size_t j = 0; j < inner.size(); ++j)
      (goes[j] != 0 ? on_left : on_right).Add(parts[j]);
    if (on_left.persons < least || on_right.persons < least) continue;
    const Int128 value = on_left.Value() + on_right.Value();
    if (value <= side.value) continue;
    side.value = value;
    side.second = &second.split;
    side.left = std::move(on_left);
    side.right = std::move(on_right);
  }
}

Tree PolicySearch::Find(const PolicySums& sums, std::int64_t depth, std::int64_t least) const {
  const auto leaf = [](const Part& part) { return LeafNode(part.Arm(), part.persons, part.sites); };
  Part everybody(arms_);
  for (std::size_t g = 0; g < groups_.front().rows.size(); ++g) everybody.Add(sums, g);
  Tree best = {leaf(everybody)};
  Int128 best_value = everybody.Value();
  for (std::size_t f = 0; f < features_.size(); ++f) {
    for (const Question& first : questions_[f]) {
      Side sides[] = {SideOf(sums, first, f, true), SideOf(sums, first, f, false)};
      if (std::min(sides[0].all.persons, sides[1].all.persons) < least) continue;
      for (std::size_t g = 0; depth > 1 && g < features_.size(); ++g) {
        for (const std::size_t s : {0U, 1U}) Ask(sums, first, f, s == 0, g, least, sides[s]);
      }
      if (sides[0].value + sides[1].value <= best_value) continue;
      best_value = sides[0].value + sides[1].value;
      best = {leaf(everybody)};
      Divide(best, 0, first.split, leaf(sides[0].all), leaf(sides[1].all));
      for (const std::size_t s : {0U, 1U}) {
        if (sides[s].second == nullptr) continue;
        Divide(best, 1 + s, *sides[s].second, leaf(sides[s].left), leaf(sides[s].right));
      }
    }
  }
  return best;
}

// --- In words ----------------------------------------------------------------------------------------

namespace {

/// Levels as "F", "F or M".
std::string Levels(const Split& split, const Feature& feature, const table::Schema& schema) {
  std::string list;
  for (std::size_t l = 0; l < split.left_levels.size(); ++l) {
    if (split.left_levels[l] == 0) continue;
    list += (list.empty() ? "" : " or ") + schema.columns[feature.column].levels[l];
  }
  return list;
}

std::string Condition(const Split& split, const Feature& feature, const table::Schema& schema,
                      bool left, bool missing) {
  std::string text = feature.name;
  if (!feature.factor() && static_cast<std::size_t>(split.bin) == feature.cuts.size()) {
    return text + (left ? " is known" : " is missing");
  }
  if (feature.factor()) {
    text += (left ? " is " : " is not ") + Levels(split, feature, schema);
  } else {
    text += (left ? " <= " : " > ") +
            table::NumberText(feature.cuts[static_cast<std::size_t>(split.bin)]);
  }
  return missing && split.missing_left == left ? "(" + text + " or missing)" : text;
}

/// A question answered.
struct Answer {
  const Split* split = nullptr;
  bool left = false;
};

/// Whether the second of two answers says what the first does: that a number is lower, or higher, still.
bool Tighter(const Answer& first, const Answer& second, const std::vector<Feature>& features,
             const std::vector<bool>& missing) {
  const auto feature = static_cast<std::size_t>(first.split->feature);
  return second.split->feature == first.split->feature && second.left == first.left &&
         !features[feature].factor() && !missing[feature];
}

std::string When(const std::vector<Answer>& answers, const std::vector<Feature>& features,
                 const table::Schema& schema, const std::vector<bool>& missing) {
  std::string when;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i + 1 < answers.size() && Tighter(answers[i], answers[i + 1], features, missing)) continue;
    const auto feature = static_cast<std::size_t>(answers[i].split->feature);
    when += (when.empty() ? "" : " and ") + Condition(*answers[i].split, features[feature], schema,
                                                      answers[i].left, missing[feature]);
  }
  return when.empty() ? "everybody" : when;
}

void AddLeaves(const Tree& tree, std::size_t at, std::vector<Answer> answers,
               const std::vector<Feature>& features, const table::Schema& schema,
               const std::vector<bool>& missing, std::vector<PolicyLeaf>& leaves) {
  const TreeNode& node = tree[at];
  if (node.leaf) {
    leaves.push_back({.when = When(answers, features, schema, missing),
                      .arm = static_cast<std::size_t>(node.value),
                      .persons = node.persons});
    return;
  }
  for (const bool left : {true, false}) {
    answers.push_back({&node.split, left});
    AddLeaves(tree, left ? node.left : node.right(), answers, features, schema, missing, leaves);
    answers.pop_back();
  }
}

}  // namespace

std::vector<PolicyLeaf> LeavesOf(const Tree& tree, const std::vector<Feature>& features,
                                 const table::Schema& schema, const std::vector<bool>& missing) {
  std::vector<PolicyLeaf> leaves;
  AddLeaves(tree, 0, {}, features, schema, missing, leaves);
  return leaves;
}

}  // namespace clinnova::learn
