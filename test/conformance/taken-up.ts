/**
 * The tests of CPython that are taken up: each must have a passing test of ours, or a note.
 *
 * A file is taken up whole, or by class; a class whole, by the tests named, or all but some.
 * What is not named here is for later, and the table says so.
 */
export type Choice = 'all' | { only: readonly string[] } | { except: readonly string[] };

export const takenUp: Readonly<Record<string, 'all' | Readonly<Record<string, Choice>>>> = {
  'test_futures.py': 'all',
  'test_futures2.py': 'all',
  'test_eager_task_factory.py': 'all',
  'test_free_threading.py': 'all',
  'test_graph.py': 'all',
  'test_staggered.py': 'all',
  'test_tools.py': 'all',
  'test_runners.py': 'all',
  'test_sock_lowlevel.py': 'all',
  'test_locks.py': 'all',
  'test_queues.py': 'all',

  'test_base_events.py': {
    BaseEventLoopTests: 'all',
    BaseEventTests: 'all',
    BaseEventLoopWithSelectorTests: 'all',
    RunningLoopTests: 'all',
    BaseLoopSockSendfileTests: 'all',
    TestSelectorUtils: 'all',
  },

  'test_sendfile.py': 'all',
  'test_ssl.py': 'all',
  'test_sslproto.py': 'all',

  'test_context.py': 'all',
  'test_pep492.py': 'all',
  'test_threads.py': 'all',
  'test_tasks.py': 'all',
  'test_taskgroups.py': 'all',
  'test_timeouts.py': 'all',
  'test_waitfor.py': 'all',

  'test_protocols.py': 'all',
  'test_transports.py': 'all',
  'test_server.py': 'all',
  'test_buffered_proto.py': 'all',
  'test_streams.py': 'all',
  'test_subprocess.py': 'all',

  'test_selector_events.py': 'all',
  'test_events.py': {
    EventLoopTestsMixin: 'all',
    SubprocessTestsMixin: 'all',
    KqueueEventLoopTests: 'all',
    ProactorEventLoopTests: 'all',
    HandleTests: 'all',
    TimerTests: 'all',
    AbstractEventLoopTests: 'all',
    PolicyTests: 'all',
    GetEventLoopTestsMixin: 'all',
    TestAbstractServer: 'all',
  },
  'test_unix_events.py': {
    SelectorEventLoopSignalTests: 'all',
    SelectorEventLoopUnixSocketTests: 'all',
    SelectorEventLoopUnixSockSendfileTests: 'all',
    UnixReadPipeTransportTests: 'all',
    UnixWritePipeTransportTests: 'all',
    TestFunctional: 'all',
    AbstractChildWatcherTests: 'all',
    BaseChildWatcherTests: 'all',
    ChildWatcherTestsMixin: 'all',
    PolicyTests: 'all',
    TestFork: 'all',
  },
};
