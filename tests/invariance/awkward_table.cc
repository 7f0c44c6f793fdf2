// SPDX-License-Identifier: Apache-2.0
#include "awkward_table.h"

#include <cmath>
#include <random>

#include "table/table_fixture.h"

namespace clinnova::invariance {
namespace {

constexpr int kRows = 8500;
constexpr int kIds = 700;

/// Draws of the table's columns; a row's values depend on each other so that models have something to find.
class Draw {
 public:
  double Uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  double Normal() { return std::normal_distribution<double>(0, 1)(random_); }
  int Poisson(double mean) { return std::poisson_distribution<int>(mean)(random_); }
  bool Once(int in) { return random_() % static_cast<unsigned>(in) == 0; }
  int Below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

 private:
  std::mt19937_64 random_{20240917};
};

}  // namespace

table::Table AwkwardTable() {
  using table::kNa;
  Draw draw;
  std::vector<double> y, b, chance, count, g, x, far, tiny, stage, w, years, id, t, s, entry, d,
      two, wins, losses, rater;
  std::vector<std::string> stages, arm, sex;
  for (int r = 0; r < kRows; ++r) {
    const int person = r % kIds;
    const double value = std::round(draw.Normal() * 100) / 100;  // ties
    const int level = 1 + draw.Below(3);
    const bool female = draw.Once(2);
    const double eta = 0.3 * value - 0.2 * level + 0.4 * female;
    x.push_back(draw.Once(40) ? kNa : value);
    stage.push_back(level);
    stages.push_back(std::to_string(level));
    sex.emplace_back(draw.Once(60) ? "" : female ? "F" : "M");
    arm.emplace_back(person >= kIds - 20 ? "rare" : draw.Once(2) ? "drug" : "none");
    id.push_back(person);
    far.push_back(1e6 + draw.Normal());
    tiny.push_back(1e-9 * draw.Normal());
    y.push_back(draw.Once(50) ? kNa : 2 + eta + draw.Normal());
    b.push_back(draw.Uniform() < 1 / (1 + std::exp(-eta)));
    chance.push_back(1 / (1 + std::exp(-0.5 - 0.8 * eta)));
    years.push_back(0.5 + 4 * draw.Uniform());
    count.push_back(draw.Poisson(years.back() * std::exp(eta)));
    g.push_back((0.2 + draw.Uniform() + draw.Uniform()) * std::exp(0.3 * eta));
    w.push_back(draw.Once(30) ? 0 : 1 + draw.Below(3));
    const double time = -std::log(draw.Uniform()) * std::exp(-eta) * 200;
    t.push_back(1 + std::floor(std::min(time, 900.0)));
    s.push_back(t.back() * 0.7310585786300049);
    entry.push_back(draw.Once(3) ? std::floor(t.back() / 3) : 0);
    d.push_back(draw.Once(3) ? 0 : 1);
    two.push_back(1 + d.back());
    wins.push_back(draw.Below(6));
    losses.push_back(draw.Below(6));
    // Raters see persons of one site only, whatever the spread: see ByPerson in invariance_test.cc.
    rater.push_back((person >= 680 ? 2000 : 10 * (person % 97)) +
                    static_cast<int>(wins.back()) % 3);
  }
  // Each id's rows follow each other in time, the last with what becomes of the person.
  std::vector<double> begin, until, fate, loyal;
  std::vector<std::string> ward;
  for (int r = 0; r < kRows; ++r) {
    const bool first = r < kIds;
    begin.push_back(first ? r % 5 * 3 : until[static_cast<std::size_t>(r - kIds)]);
    until.push_back(begin.back() + 1 + r * 7919 % 31);
    fate.push_back(r + kIds < kRows ? 0 : r % kIds % 3);
    loyal.push_back(0.5 + r % kIds % 4);
    ward.emplace_back(r % kIds % 3 == 0 ? "north" : "south");
  }
  return table::MakeTable({{"y", y},           {"b", b},         {"count", count},
                           {"g", g},           {"x", x},         {"far", far},
                           {"tiny", tiny},     {"stage", stage}, {"factor(stage)", stages},
                           {"arm", arm},       {"sex", sex},     {"w", w},
                           {"years", years},   {"id", id},       {"t", t},
                           {"s", s},           {"entry", entry}, {"d", d},
                           {"two", two},       {"wins", wins},   {"losses", losses},
                           {"chance", chance}, {"rater", rater}, {"begin", begin},
                           {"until", until},   {"fate", fate},   {"loyal", loyal},
                           {"ward", ward}});
}

}  // namespace clinnova::invariance
