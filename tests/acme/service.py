"""A server that a test runs beside Sallyport: started, waited for, ended."""

from sallyport import Program, wait_until


class Service(Program):
    """Base of Resolver and Authority, which say how they are started and when they answer."""

    def answers(self):
        """Whether the server serves already."""
        raise NotImplementedError

    def __enter__(self):
        self.launch()
        try:
            wait_until(self._is_ready, f"{self.arguments[0]} ready", pause=0.02)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def _is_ready(self):
        assert self.runs(), f"{self.arguments[0]} ended with {self.process.returncode}"
        return self.answers()

    def _end(self):
        self.destroy()
        # pytest shows this only with a test that failed.
        print(f"--- {self.log_path}\n{self.log()}")
