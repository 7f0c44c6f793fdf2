// SPDX-License-Identifier: Apache-2.0
// kill -9 of the hub and of sites at moments drawn by seed: the study ends with the bits of a run that
// nobody disturbed. CLINNOVA_KILL_SEEDS sets how many seeds are tried, CLINNOVA_KILL_FIRST the first.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "network/network_world.h"
#include "program_process.h"

namespace clinnova::network {
namespace {

using std::chrono::milliseconds;

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

/// Enough analyses that kills fall into rounds of every kind.
std::string LongStudy(std::size_t sites) {
  std::string text = StudyText(sites);
  for (int i = 0; i < 6; ++i) {
    text += "\n[[analysis]]\nname = \"model" + std::to_string(i) +
            "\"\nmethod = \"glm\"\nformula = \"response ~ drug * age + crp\"\nfamily = "
            "\"binomial\"\nridge = " +
            std::to_string(i) + ".5\n";
  }
  return text;
}

/// Rule 8 would refuse a study that asks so much of so few persons.
void AllowManyNumbers(const std::filesystem::path& folder) {
  std::ifstream in(folder / "site.toml");
  std::string text(std::istreambuf_iterator<char>(in), {});
  const std::string policy = "[policy]\n";
  const std::size_t found = text.find(policy);
  ASSERT_NE(found, std::string::npos);
  std::ofstream(folder / "site.toml")
      << text.insert(found + policy.size(), "information_share = 10.0\n");
}

template <typename Done>
bool Eventually(Done done, milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return true;
}

void RunWithKills(unsigned seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  constexpr std::size_t kSites = 4;
  std::mt19937 random(seed);
  NetworkWorld world(kSites);
  std::vector<std::unique_ptr<Process>> processes;
  processes.push_back(std::make_unique<Process>(
      std::vector<std::string>{"hub", "serve", "--dir", world.hub_folder().string()}));
  ASSERT_TRUE(
      Eventually([&] { return ListStudies(world.endpoint()).has_value(); }, milliseconds(20'000)));
  world.InitSites();
  for (std::size_t s = 0; s < kSites; ++s) AllowManyNumbers(world.site_folder(s));
  for (std::size_t s = 0; s < kSites; ++s) {
    processes.push_back(std::make_unique<Process>(
        std::vector<std::string>{"site", "serve", "--dir", world.site_folder(s).string()}));
  }
  const std::string hash = world.Submit(LongStudy(kSites));
  world.ApproveEverywhere(hash);
  StudyStatus status;
  const auto over = [&] {
    const auto now = GetStudyStatus(world.endpoint(), hash);
    if (now) status = *now;
    return now && status.state != "submitted" && status.state != "running";
  };
  int kills = 0;
  for (; kills < 12 && !over(); ++kills) {
    std::this_thread::sleep_for(milliseconds(random() % 300));
    Process& victim = *processes[random() % 3 == 0 ? 0 : 1 + random() % kSites];
    victim.Kill();
    std::this_thread::sleep_for(milliseconds(random() % 200));
    victim.Start();
  }
  ASSERT_TRUE(Eventually(over, milliseconds(120'000)))
      << status.state << " after " << status.rounds << " rounds";
  ASSERT_EQ(status.state, "finished") << status.error;
  EXPECT_GE(kills, 2);
  EXPECT_EQ(Must(StudyResults(world.endpoint(), hash)), world.InProcess(LongStudy(kSites)));
  for (std::size_t s = 0; s < kSites; ++s) {
    EXPECT_TRUE(processes[1 + s]->Alive());
    EXPECT_FALSE(Must(ReadReleaseLog(world.site_folder(s))).check.fault.has_value());
    EXPECT_EQ(world.LedgerSays(s, "\"reason\""),
              0);  // no refusal: nothing was asked twice in two ways
  }
}

TEST(Kill, GivesTheSameBitsWhoeverDies) {
  const int first = FromEnvironment("CLINNOVA_KILL_FIRST", 1);
  const int seeds = FromEnvironment("CLINNOVA_KILL_SEEDS", 2);
  for (int seed = first; seed < first + seeds; ++seed) {
    RunWithKills(static_cast<unsigned>(seed));
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace clinnova::network
