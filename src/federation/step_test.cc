// SPDX-License-Identifier: Apache-2.0
#include "federation/step.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <optional>

#include "federation/counting_fixture.h"

namespace clinnova::federation {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Nested {
  double inner = 0;
  template <class A>
  void Fields(A& a) {
    a(inner);
  }
};

struct Everything {
  double number = 0;
  std::int64_t count = 0;
  std::string text;
  std::vector<double> list;
  std::array<double, 2> pair{};
  std::map<std::string, std::vector<double>> named;
  std::optional<double> perhaps;
  std::vector<Nested> structs;
  std::vector<bool> flags;
  template <class A>
  void Fields(A& a) {
    a(number);
    a(count);
    a(text);
    a(list);
    a(pair);
    a(named);
    a(perhaps);
    a(structs);
    a(flags);
  }
};

bool Finite(Everything value) {
  FiniteCheck check;
  value.Fields(check);
  return check.finite();
}

TEST(FiniteCheck, LooksIntoEveryKindOfField) {
  Everything good;
  good.list = {1, 2};
  good.named["a"] = {3};
  good.perhaps = 4;
  good.structs = {{5}};
  good.flags = {true};
  EXPECT_TRUE(Finite(good));
  const std::vector<void (*)(Everything&)> spoil = {
      [](Everything& e) { e.number = kInfinity; },
      [](Everything& e) { e.list[1] = -kInfinity; },
      [](Everything& e) { e.pair[1] = std::nan(""); },
      [](Everything& e) { e.named["a"][0] = kInfinity; },
      [](Everything& e) { e.perhaps = std::nan(""); },
      [](Everything& e) { e.structs[0].inner = kInfinity; },
  };
  for (std::size_t i = 0; i < spoil.size(); ++i) {
    Everything bad = good;
    spoil[i](bad);
    EXPECT_FALSE(Finite(bad)) << i;
  }
}

TEST(TypedStep, RefusesParametersThatAreNotFinite) {
  const Study study = CountingStudy();
  const table::Table table = table::MakeTable({{"x", {1.0, 2.0}}});
  const core::Bytes parameters = core::Encode(CountingParameters{std::nan("")});
  const auto layout = kCounting.LayoutOf(study.analyses()[0], table.schema, parameters);
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code, ErrorCode::kRefused);
  EXPECT_EQ(layout.error().reason, "parameters_not_finite");
  SiteCache cache;
  ExactSums sums(
      Layout{{CountBlock("rows", 1), WideBlock("total", 1), ScaledBlock("bounded", 1, 0)}});
  const auto evaluated = kCounting.Evaluate({table, study.analyses()[0], cache}, parameters, sums);
  ASSERT_FALSE(evaluated);
  EXPECT_EQ(evaluated.error().reason, "parameters_not_finite");
}

TEST(TypedStep, RefusesBytesThatAreNoParameters) {
  const Study study = CountingStudy();
  const table::Table table = table::MakeTable({{"x", {1.0, 2.0}}});
  core::Bytes parameters = core::Encode(CountingParameters{1});
  parameters.pop_back();
  EXPECT_FALSE(kCounting.LayoutOf(study.analyses()[0], table.schema, parameters));
  parameters = core::Encode(CountingParameters{1});
  parameters.push_back({});
  EXPECT_FALSE(kCounting.LayoutOf(study.analyses()[0], table.schema, parameters));
}

TEST(StepCatalog, FindsOnlyTheStepsOfTheMethod) {
  const StepCatalog& steps = CountingSteps();
  EXPECT_EQ(steps.Find("count", "count.all"), &kCounting);
  EXPECT_EQ(steps.Find("count", "other.all"), nullptr);
  EXPECT_EQ(steps.Find("other", "count.all"), nullptr);
  EXPECT_EQ(steps.Find("nothing", "count.all"), nullptr);
  EXPECT_TRUE(steps.Knows("other"));
  EXPECT_FALSE(steps.Knows("nothing"));
  EXPECT_EQ(steps.Names("count"),
            (std::vector<std::string>{"count.all", "count.throwing", "count.pretending"}));
}

TEST(SiteCache, KeepsTheLastVersionOfWhatIsLarge) {
  SiteCache cache;
  int made = 0;
  const auto get = [&](const std::string& version) {
    return *cache.GetOrReplace<int>("rows", version, [&] { return ++made; });
  };
  EXPECT_EQ(get("a"), 1);
  EXPECT_EQ(get("a"), 1);
  EXPECT_EQ(get("b"), 2);
  EXPECT_EQ(get("a"), 3);
}

TEST(SiteCache, MakesAValueOnce) {
  SiteCache cache;
  int made = 0;
  const auto make = [&] { return ++made; };
  const auto first = cache.GetOrMake<int>("k", make);
  const auto again = cache.GetOrMake<int>("k", make);
  const auto other = cache.GetOrMake<int>("l", make);
  EXPECT_EQ(first, again);
  EXPECT_EQ(*first, 1);
  EXPECT_EQ(*other, 2);
}

}  // namespace
}  // namespace clinnova::federation
