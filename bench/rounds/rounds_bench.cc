// SPDX-License-Identifier: Apache-2.0
// Secure sums per second: a hub and five sites over mutual TLS on loopback fit one logistic regression of
// 20 coefficients after the other (a score and an information matrix are 20 + 210 numbers, and the deviance is
// one more), until 1,000 rounds are done. Everything is as in production: gate, ledgers, database.
//
//   rounds_bench [ROUNDS]        prints rounds, numbers per round, seconds, rounds per second
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "network/network_world.h"

namespace clinnova::network {
namespace {

constexpr std::size_t kSites = 5;
constexpr int kCovariates = 19;
constexpr int kRoundsOfOneFit = 6;

void WriteTables(const NetworkWorld& world) {
  std::uint64_t state = 88172645463325252ULL;
  const auto next = [&] {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return static_cast<double>(state % 1'000'003) / 1'000'003.0;
  };
  for (std::size_t s = 0; s < kSites; ++s) {
    std::ofstream out(world.table_file(s));
    for (int c = 0; c < kCovariates; ++c) out << 'x' << c << ',';
    out << "y\n";
    for (int row = 0; row < 200; ++row) {
      double sum = 0;
      for (int c = 0; c < kCovariates; ++c) {
        const double x = next() - 0.5;
        sum += c % 3 == 0 ? x : 0;
        out << x << ',';
      }
      out << (next() < 0.5 + 0.2 * sum ? 1 : 0) << '\n';
    }
  }
}

std::string Text(int fits) {
  std::string text =
      "[study]\ntitle = \"Rounds\"\npurpose = \"benchmark\"\npermit = \"none\"\n"
      "sites = [\"site0\", \"site1\", \"site2\", \"site3\", \"site4\"]\n";
  std::string formula = "y ~ x0";
  for (int c = 1; c < kCovariates; ++c) formula += " + x" + std::to_string(c);
  for (int i = 0; i < fits; ++i) {
    text += "\n[[analysis]]\nname = \"fit" + std::to_string(i) +
            "\"\nmethod = \"glm\"\nformula = \"" + formula + "\"\nfamily = \"binomial\"\n";
  }
  return text;
}

int Run(int rounds) {
  NetworkWorld world(kSites);
  WriteTables(world);
  world.StartHub();
  world.InitSites();
  world.StartSites();
  const std::string hash = world.Submit(Text(rounds / kRoundsOfOneFit + 1));
  for (std::size_t s = 0; s + 1 < kSites; ++s) world.Approve(s, hash);
  world.Approve(kSites - 1, hash);
  while (Must(GetStudyStatus(world.endpoint(), hash)).rounds == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto begin = std::chrono::steady_clock::now();
  const StudyStatus status = world.WaitFor(hash, std::chrono::minutes(10));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (status.state != "finished") {
    std::fprintf(stderr, "the study %s: %s\n", status.state.c_str(), status.error.c_str());
    return 1;
  }
  std::uint64_t numbers = 0, noted = 0;
  for (const auto& entry : Must(ReadReleaseLog(world.site_folder(0))).entries) {
    if (entry.kind != federation::LedgerKind::kRound) continue;
    numbers += nlohmann::json::parse(entry.body)["numbers"].get<std::uint64_t>();
    ++noted;
  }
  std::printf("%lld rounds over %zu sites, %.0f numbers each on average: %.2f s, %.0f rounds/s\n",
              static_cast<long long>(status.rounds), kSites,
              static_cast<double>(numbers) / static_cast<double>(noted), seconds,
              static_cast<double>(status.rounds) / seconds);
  return 0;
}

}  // namespace
}  // namespace clinnova::network

int main(int argc, char** argv) {
  return clinnova::network::Run(argc > 1 ? std::atoi(argv[1]) : 1000);
}
