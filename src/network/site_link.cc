// SPDX-License-Identifier: Apache-2.0
#include "network/site_link.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "federation/secret_file.h"
#include "network/cdm_table_source.h"
#include "network/hub_folder.h"
#include "network/site_agent.h"
#include "wire/clinnova.grpc.pb.h"

namespace clinnova::network {
namespace {

using Stream = grpc::ClientReaderWriter<v1::SiteMessage, v1::HubMessage>;

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{15'000};
constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;

/// One stream to the hub.
class StreamLink final : public HubLink {
 public:
  explicit StreamLink(Stream* stream) : stream_(stream) {}

  void Send(const Heading& heading, const federation::Released<core::Bytes>& body) override {
    v1::SiteMessage out;
    out.set_kind(static_cast<std::uint32_t>(heading.kind));
    out.set_answers(heading.answers);
    out.set_study(heading.study.data(), heading.study.size());
    out.set_body(body.value().data(), body.value().size());
    const std::lock_guard lock(mutex_);
    if (stream_ != nullptr) stream_->Write(out);
  }
  void Detach() {
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
  }

 private:
  std::mutex mutex_;
  Stream* stream_;  // not owned; null after Detach
};

std::optional<HubEnvelope> Read(const v1::HubMessage& message) {
  HubEnvelope envelope{.kind = static_cast<HubMessageKind>(message.kind()),
                       .number = message.number()};
  if (message.study().size() != envelope.study.size()) return std::nullopt;
  std::copy(message.study().begin(), message.study().end(), envelope.study.begin());
  envelope.body.assign(message.body().begin(), message.body().end());
  return envelope;
}

/// Whether trying again cannot help.
bool IsFinal(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNIMPLEMENTED: return true;
    default: return false;
  }
}

bool IsCertificateFailure(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         (status.error_message().find("CERTIFICATE_VERIFY_FAILED") != std::string::npos ||
          status.error_message().find("certificate verify failed") != std::string::npos);
}

}  // namespace

class SiteServer::Link {
 public:
  static Result<std::unique_ptr<Link>> Open(const SiteServeOptions& options);
  ~Link();

  Result<void> Wait(const std::atomic<bool>& stop);
  federation::Ledger& ledger() { return agent_->ledger(); }
  bool connected() const { return connected_; }

 private:
  Link() = default;
  void Serve();
  /// One stream from opening to end; true when it worked for a while.
  bool ServeOnce();
  void Tell(const std::string& line) const {
    if (tell_) tell_(line);
  }

  std::unique_ptr<SiteTableSource> tables_;
  std::unique_ptr<SiteAgent> agent_;
  std::string hub_;
  grpc::SslCredentialsOptions tls_;
  std::function<void(const std::string&)> tell_;
  std::atomic<bool> connected_ = false;
  std::mutex mutex_;
  std::condition_variable news_;
  bool stopping_ = false;
  bool told_away_ = false;
  grpc::ClientContext* context_ = nullptr;  // of the stream that stands; not owned
  std::optional<Error> final_;
  std::thread thread_;
};

Result<std::unique_ptr<SiteServer::Link>> SiteServer::Link::Open(const SiteServeOptions& options) {
  std::unique_ptr<Link> link(new Link());
  TableSource* tables = options.tables;
  CLINNOVA_ASSIGN(const SiteConfig config, ReadSiteConfig(options.folder));
  if (tables == nullptr) {
    link->tables_ = std::make_unique<SiteTableSource>(
        FileTableSource::Options{.fallback = config.table, .files = config.tables},
        cohort::SiteFiles(options.folder));
    tables = link->tables_.get();
  }
  CLINNOVA_ASSIGN(link->tls_.pem_root_certs, ReadTextFile(options.folder / "authority.pem"));
  CLINNOVA_ASSIGN(link->tls_.pem_cert_chain, ReadTextFile(options.folder / "tls.pem"));
  CLINNOVA_ASSIGN(const auto key, federation::ReadSecretFile(options.folder / "tls.key"));
  link->tls_.pem_private_key.assign(key.bytes().begin(), key.bytes().end());
  CLINNOVA_ASSIGN(link->agent_, SiteAgent::Open({.folder = options.folder,
                                                 .tables = tables,
                                                 .steps = nullptr,
                                                 .version = options.version,
                                                 .gives_way = options.gives_way}));
  link->hub_ = options.hub.empty() ? config.hub : options.hub;
  link->tell_ = options.tell;
  link->thread_ = std::thread([raw = link.get()] { raw->Serve(); });
  return link;
}

SiteServer::Link::~Link() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  news_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SiteServer::Link::Serve() {
  std::chrono::milliseconds pause = kFirstPause;
  while (true) {
    if (ServeOnce()) pause = kFirstPause;
    std::unique_lock lock(mutex_);
    if (final_) news_.notify_all();
    if (stopping_ || final_) return;
    news_.wait_for(lock, pause, [this] { return stopping_; });
    pause = std::min(pause * 2, kLongestPause);
  }
}

bool SiteServer::Link::ServeOnce() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kLargestMessage);
  arguments.SetMaxSendMessageSize(kLargestMessage);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
                   1);  // a channel's own pause must not add to ours
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  const auto channel = grpc::CreateCustomChannel(hub_, grpc::SslCredentials(tls_), arguments);
  const auto stub = v1::Hub::NewStub(channel);
  grpc::ClientContext context;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    context_ = &context;
  }
  const std::unique_ptr<Stream> stream = stub->Join(&context);
  const auto link =
      std::make_shared<StreamLink>(stream.get());  // shared: a worker may still be sending
  agent_->Opened(link);
  v1::HubMessage message;
  bool worked = false;
  while (stream->Read(&message)) {
    if (!worked) {
      worked = connected_ = true;
      Tell("connected to the hub at " + hub_);
    }
    if (auto envelope = Read(message)) agent_->Received(std::move(*envelope));
  }
  agent_->Closed();
  link->Detach();
  const grpc::Status status = stream->Finish();
  connected_ = false;
  const std::lock_guard lock(mutex_);
  context_ = nullptr;
  if (stopping_) return worked;
  if (IsCertificateFailure(status)) {
    final_ = Error{ErrorCode::kUnreachable,
                   "the hub at " + hub_ +
                       ": its certificate or this site's is not of the same "
                       "authority, expected that of authority.pem",
                   "wrong_certificate"};
  } else if (IsFinal(status)) {
    final_ = Error{ErrorCode::kUnreachable,
                   "the hub at " + hub_ + " refuses this site: " + status.error_message(),
                   "refused_by_hub"};
  } else if (worked) {
    Tell("the connection to the hub broke: " + status.error_message());
  } else if (!told_away_) {
    Tell("the hub at " + hub_ + " cannot be reached; trying again until it answers");
  }
  told_away_ = !worked;
  return worked;
}

Result<void> SiteServer::Link::Wait(const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  while (!stop && !final_) news_.wait_for(lock, std::chrono::milliseconds(100));
  if (final_) return tl::unexpected<Error>(*final_);
  return {};
}

SiteServer::SiteServer(std::unique_ptr<Link> link) : link_(std::move(link)) {}
SiteServer::~SiteServer() = default;

Result<std::unique_ptr<SiteServer>> SiteServer::Start(const SiteServeOptions& options) {
  CLINNOVA_ASSIGN(auto link, Link::Open(options));
  return std::unique_ptr<SiteServer>(new SiteServer(std::move(link)));
}

Result<void> SiteServer::Wait(const std::atomic<bool>& stop) { return link_->Wait(stop); }
bool SiteServer::connected() const { return link_->connected(); }
federation::Ledger& SiteServer::ledger() { return link_->ledger(); }

}  // namespace clinnova::network
