#include "broker/mailbox.h"

#include <memory>

#include "base/assert.h"
#include "broker/shard.h"

namespace millrace::broker {

Mailbox::Mailbox(Shard& self, const std::vector<Shard*>& peers) : self_(self), peers_(peers), outgoing_(peers.size()) {
  self_.loop().add_hook(io::Loop::Stage::mailbox, this);
}

Mailbox::~Mailbox() {
  self_.loop().remove_hook(this);
}

void Mailbox::send(model::ShardId to, ShardTask task) {
  MILLRACE_ASSERT(to.value < outgoing_.size());
  outgoing_[to.value].push_back(std::move(task));
}

void Mailbox::send_all(std::function<void(Shard&)> task, io::Task all_done) {
  struct Join {
    std::size_t left;
    io::Task done;
  };
  auto join = std::make_shared<Join>(peers_.size(), std::move(all_done));
  auto shared_task = std::make_shared<std::function<void(Shard&)>>(std::move(task));
  const model::ShardId home = self_.id();
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    send(model::ShardId(static_cast<std::uint16_t>(i)), [shared_task, join, home](Shard& there) {
      (*shared_task)(there);
      there.mailbox().send(home, [join](Shard&) {
        if (--join->left == 0) join->done();
      });
    });
  }
}

void Mailbox::on_turn_end() {
  for (std::size_t i = 0; i < outgoing_.size(); ++i) {
    if (outgoing_[i].empty()) continue;
    Shard* peer = peers_[i];
    peer->loop().post([peer, tasks = std::exchange(outgoing_[i], {})]() mutable {
      for (auto& task : tasks) task(*peer);
    });
  }
}

}  // namespace millrace::broker
