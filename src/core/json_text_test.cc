// SPDX-License-Identifier: Apache-2.0
#include "core/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace clinnova::core {
namespace {

TEST(ResultJson, PrintsSeventeenDigitsAndNullForWhatIsNotANumber) {
  nlohmann::ordered_json value;
  value["z"] = 0.1;
  value["a"] = std::nan("");
  value["list"] = {1, 2.5};
  EXPECT_EQ(ResultJson(value),
            "{\n  \"z\": 0.10000000000000001,\n  \"a\": null,\n  \"list\": [1, 2.5]\n}\n");
}

TEST(CanonicalJson, SortsKeysAndLeavesOutSpace) {
  EXPECT_EQ(CanonicalJson(nlohmann::json::parse(R"({"b": [1, 2], "a": "é"})")),
            "{\"a\":\"é\",\"b\":[1,2]}");
}

}  // namespace
}  // namespace clinnova::core
