// SPDX-License-Identifier: Apache-2.0
#include "stats/kmeans.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

/// Three clouds of 40 rows around (0, 0), (10, 0) and (0, 20), and `stray` rows far away.
Table Clouds(int stray) {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 120; ++i) {
    x.push_back((i % 3 == 1 ? 10 : 0) + (i % 7 - 3) / 10.0);
    y.push_back((i % 3 == 2 ? 20 : 0) + (i % 5 - 2) / 10.0);
  }
  for (int i = 0; i < stray; ++i) {
    x.push_back(1000);
    y.push_back(1000 + i);
  }
  return MakeTable({{"x", x}, {"y", y}});
}

const std::string kStudy = "method = \"kmeans\"\nvariables = [\"x\", \"y\"]\n";

TEST(Kmeans, FindsCloudsWithoutBeingToldWhereTheyAre) {
  std::vector<std::size_t> sites;
  for (std::size_t r = 0; r < 120; ++r) sites.push_back(r % 4);
  for (const char* scale : {"", "scale = true\n"}) {
    const Answer answer = RunOne(kStudy + "centers = 3\n" + scale, Split(Clouds(0), sites, 4));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.Numbers("/size"), (std::vector<double>{40, 40, 40})) << scale;
    EXPECT_TRUE(answer.True("/converged"));
    EXPECT_LT(answer.Number("/tot_withinss"), 0.01 * answer.Number("/totss")) << scale;
  }
}

TEST(Kmeans, StartsWhereItIsTold) {
  const Answer answer = RunOne(kStudy + "initial = [[0, 15], [9, 1], [-1, -1]]\n", {Clouds(0)});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/centers/values/0/1"), 20, 0.1);
  EXPECT_NEAR(answer.Number("/centers/values/1/0"), 10, 0.1);
  EXPECT_EQ(answer.Number("/iterations"), 2);
  EXPECT_NEAR(answer.Number("/betweenss") + answer.Number("/tot_withinss"), answer.Number("/totss"),
              1e-9);
}

TEST(Kmeans, SaysWhatItCannotStartFrom) {
  const auto message = [](const std::string& options) {
    return RunOne(kStudy + options, {Clouds(0)}).error().message;
  };
  EXPECT_NE(message("initial = [[0, 15], [500, 500]]\n").find("a cluster is empty"),
            std::string::npos);
  EXPECT_NE(message("initial = [[0, 15], [0, 15]]\n").find("the same center twice"),
            std::string::npos);
  EXPECT_NE(message("initial = [[0], [1]]\n").find("a list of 2 numbers"), std::string::npos);
  EXPECT_NE(message("centers = 3\ninitial = [[0, 1]]\n").find("found 1 centers, expected 3"),
            std::string::npos);
  EXPECT_NE(message("centers = 0\n").find("expected 1 to 100"), std::string::npos);
}

TEST(Kmeans, SaysWhenItWasStoppedEarly) {
  const Answer answer =
      RunOne(kStudy + "initial = [[0, 0], [1, 0], [0, 1]]\nmax_iterations = 1\n", {Clouds(0)});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_EQ(answer.Size("/warnings"), 1u);
}

TEST(Kmeans, DoesNotTellOfFewPersons) {
  const std::string three = kStudy + "initial = [[0, 0], [10, 0], [1000, 1000]]\n";
  const Answer open = RunOne(three, {Clouds(2)});
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(open.Number("/size/2"), 2);
  const Answer kept = RunOne(three, {Clouds(2)}, {.minimum_count = 5});
  EXPECT_EQ(kept.error().code, ErrorCode::kRefused);
  EXPECT_EQ(kept.error().reason, "dominance");  // two persons far off
  const Answer clouds = RunOne(kStudy + "centers = 3\n", {Clouds(0)}, {.minimum_count = 5});
  ASSERT_TRUE(clouds) << clouds.error().message;
  EXPECT_EQ(clouds.Numbers("/size"), (std::vector<double>{40, 40, 40}));
}

}  // namespace
}  // namespace clinnova::stats
