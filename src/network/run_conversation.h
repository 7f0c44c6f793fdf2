// SPDX-License-Identifier: Apache-2.0
// How the hub asks the sites of a run: every site the same kind of question, again after each
// reconnection, until enough of them have answered.
//
//   Conversation talk({.connections = &connections, .mailbox = &mailbox, .study = hash, .sites = names});
//   CLINNOVA_TRY(talk.Ask({.kind = HubMessageKind::kUpload,
//                          .body = [&](std::size_t) { return core::Encode(ask); },
//                          .take = [&](std::size_t, core::ByteView answer) { return round.AddUpload(answer); },
//                          .enough = [&] { return round.uploaded().size() == sites; }}));
//
// Progress is what is judged: a connected site may take as long as it needs; a site that is away longer than `patience`
// ends the run. Thread rule: one thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "network/connections.h"

namespace clinnova::network {

class Conversation {
 public:
  struct Options {
    Connections* connections = nullptr;  // not owned, outlives this
    Mailbox* mailbox = nullptr;          // not owned, outlives this
    core::Hash study{};
    std::vector<std::string> sites;
    std::chrono::milliseconds patience = std::chrono::minutes(10);
  };
  struct Question {
    HubMessageKind kind = HubMessageKind::kUpload;
    std::function<core::Bytes(std::size_t site)> body;
    /// kRefused and kInvalidInput: this answer does not count, ask again; kFailed ends the question.
    std::function<Result<void>(std::size_t site, core::ByteView answer)> take;
    /// Checked after every answer; empty: all sites answered.
    std::function<bool()> enough;
    /// Sites that need not be asked: their answer is here already.
    std::vector<bool> answered;
  };

  explicit Conversation(Options options);

  /// kUnreachable ("site_away") naming a site that stayed away; kFailed ("site_broke_protocol") naming one
  /// whose answers never count; a site's refusal with its code and reason; why the mailbox was ended.
  Result<void> Ask(const Question& question);

  const std::vector<std::string>& sites() const { return options_.sites; }

 private:
  struct Asked;
  void Send(const Asked& asked, std::size_t site);
  Result<void> Handle(Asked& asked, const Mail& mail);
  Result<void> CheckPatience(const Asked& asked) const;

  Options options_;
  std::uint64_t last_number_;
};

}  // namespace clinnova::network
